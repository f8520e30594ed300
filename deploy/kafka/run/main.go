// Command run runs Apache Kafka and Apicurio Registry in the foreground: make kafka.
package main

import (
	"context"
	"log/slog"
	"strings"

	"pitstop/deploy/embedded"
	"pitstop/deploy/jvm/foreground"
	"pitstop/deploy/kafka"
)

func main() {
	foreground.Command{
		Name: "kafka", Description: "Apache Kafka (three nodes) and Apicurio Registry, on loopback.", Dir: "kafka-cluster",
		Start: func(ctx context.Context, data *embedded.Data, log *slog.Logger) (foreground.Server, []string, error) {
			cluster, err := kafka.Start(ctx, data, kafka.Options{Log: log})
			if err != nil {
				return nil, nil, err
			}
			return cluster, []string{"PITSTOP_KAFKA_BROKERS=" + strings.Join(cluster.Brokers, ","), "PITSTOP_REGISTRY_URL=" + cluster.RegistryURL}, nil
		},
	}.Main()
}
