package kafka

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"pitstop/deploy/jvm"
)

// clusterID is any identifier: it keeps nodes of different clusters apart.
const clusterID = "cGl0c3RvcC1sb29wYmFjaw"

// Names of the listeners that every node has.
const (
	plain      = "PLAIN"
	controller = "CONTROLLER"
)

// configure chooses ports and writes the configuration of every node.
func (c *Cluster) configure(java string, found artifacts, o Options) error {
	protocols := map[string]string{plain: "PLAINTEXT", controller: "PLAINTEXT"}
	maps.Copy(protocols, o.Listeners)
	names := slices.Sorted(maps.Keys(protocols))
	var voters []string
	for i := range o.Nodes {
		for _, name := range names {
			port, err := c.data.Port(fmt.Sprintf("%s-%d", strings.ToLower(name), i+1))
			if err != nil {
				return err
			}
			c.listeners[name] = append(c.listeners[name], fmt.Sprintf("127.0.0.1:%d", port))
		}
		voters = append(voters, fmt.Sprintf("%d@%s", i+1, c.listeners[controller][i]))
	}
	c.Brokers = c.listeners[plain]

	var security []string
	for _, name := range names {
		security = append(security, name+":"+protocols[name])
	}
	copies := strconv.Itoa(o.Nodes)
	inSync := strconv.Itoa(max(1, o.Nodes-1))
	for i := range o.Nodes {
		var listeners, advertised []string
		for _, name := range names {
			at := name + "://" + c.listeners[name][i]
			listeners = append(listeners, at)
			if name != controller {
				advertised = append(advertised, at)
			}
		}
		p := properties{
			"process.roles":                  "broker,controller",
			"node.id":                        strconv.Itoa(i + 1),
			"controller.quorum.voters":       strings.Join(voters, ","),
			"controller.listener.names":      controller,
			"inter.broker.listener.name":     plain,
			"listeners":                      strings.Join(listeners, ","),
			"advertised.listeners":           strings.Join(advertised, ","),
			"listener.security.protocol.map": strings.Join(security, ","),
			"log.dirs":                       c.data.Path(fmt.Sprintf("node-%d", i+1)),
			"auto.create.topics.enable":      "false",
			"default.replication.factor":     copies,
			"min.insync.replicas":            inSync,
			// Twelve partitions, as our topics have: the defaults of 50 take longer to start.
			"offsets.topic.num.partitions":             "12",
			"offsets.topic.replication.factor":         copies,
			"transaction.state.log.num.partitions":     "12",
			"transaction.state.log.replication.factor": copies,
			"transaction.state.log.min.isr":            inSync,
		}
		maps.Copy(p, o.Properties)
		file := c.data.Path(fmt.Sprintf("node-%d.properties", i+1))
		if err := p.write(file); err != nil {
			return err
		}
		node := c.kafkaProcess(java, found, fmt.Sprintf("node-%d", i+1), "kafka.Kafka", file)
		c.nodes = append(c.nodes, node)
	}
	return c.configureRegistry(java)
}

// kafkaProcess returns a process that runs one of Kafka's main classes.
func (c *Cluster) kafkaProcess(java string, found artifacts, name, class string, args ...string) *jvm.Process {
	return &jvm.Process{
		Name: "kafka " + name, Java: java, Dir: c.data.Dir(), Log: c.data.Path(name + ".log"),
		Args: append([]string{
			"-cp", strings.Join(found.kafka, string(os.PathListSeparator)),
			"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true", class,
		}, args...),
	}
}

// format prepares the directory of a node, unless that has been done.
func (c *Cluster) format(ctx context.Context, java string, found artifacts, node int) error {
	name := fmt.Sprintf("node-%d", node+1)
	return c.kafkaProcess(java, found, name+"-format", "kafka.tools.StorageTool",
		"format", "--ignore-formatted", "-t", clusterID, "-c", c.data.Path(name+".properties")).Run(ctx)
}
