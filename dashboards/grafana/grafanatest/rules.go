package grafanatest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// rules answers requests below /v1/provisioning: alert-rules, and
// folder/UID/rule-groups/NAME.
func (s *Server) rules(q request, parts []string) answer {
	if len(parts) == 3 && parts[2] == "alert-rules" {
		all := []any{}
		for _, name := range slices.Sorted(maps.Keys(q.in.Rules)) {
			all = append(all, q.in.Rules[name]["rules"].([]any)...)
		}
		return ok(all)
	}
	if len(parts) != 6 {
		return no(http.StatusNotFound, "Not found")
	}
	folder, name := parts[3], parts[5]
	group := q.in.Rules[name]
	switch {
	case q.Method == http.MethodPut:
		return s.put(q, folder, name)
	case group == nil:
		return no(http.StatusNotFound, "rule group not found")
	case q.Method == http.MethodDelete && fromFiles(group):
		return mismatch("delete")
	case q.Method == http.MethodDelete:
		delete(q.in.Rules, name)
		return answer{status: http.StatusNoContent}
	default:
		return ok(group)
	}
}

// fromFiles reports whether a group has a rule that was provisioned from files.
func fromFiles(group Object) bool {
	rules, _ := group["rules"].([]any)
	return slices.ContainsFunc(rules, func(r any) bool { return r.(Object)["provenance"] == "file" })
}

// mismatch returns the refusal of later versions of Grafana; earlier ones answer 500.
func mismatch(operation string) answer {
	return answer{http.StatusConflict, Object{
		"statusCode": http.StatusConflict, "messageId": "alerting.provenanceMismatch",
		"message": "cannot " + operation + " with provided provenance 'api', needs 'file'",
	}}
}

func (s *Server) put(q request, folder, name string) answer {
	if q.in.Folders[folder] == nil {
		return no(http.StatusBadRequest, "invalid alert rule: folder does not exist")
	}
	if fromFiles(q.in.Rules[name]) {
		return mismatch("update")
	}
	sent, _ := q.body["rules"].([]any)
	rules := make([]any, len(sent))
	for i, r := range sent {
		rule := r.(Object)
		for _, needed := range []string{"title", "condition", "data", "noDataState", "execErrState", "for"} {
			if rule[needed] == nil {
				return no(http.StatusBadRequest, "invalid alert rule: no "+needed)
			}
		}
		if uid, _ := rule["uid"].(string); len(uid) > 40 {
			return no(http.StatusBadRequest, "invalid alert rule: cannot create rule with UID longer than 40 characters")
		}
		rules[i] = with(rule, Object{
			"id": s.next(), "orgID": q.in.ID, "folderUID": folder, "ruleGroup": name, "provenance": "api",
			"updated": "2026-05-18T08:00:00Z", "isPaused": false, "notification_settings": nil, "record": nil,
			"for": shortest(rule["for"].(string)), "keep_firing_for": "0s", "data": queries(rule["data"].([]any)),
		})
	}
	q.in.Rules[name] = Object{"title": name, "folderUid": folder, "interval": q.body["interval"], "rules": rules}
	return ok(with(q.body, Object{"title": name, "folderUid": folder})) // as it was sent, not as it is stored
}

// shortest formats a duration as Prometheus does: 5m, not 5m0s.
func shortest(duration string) string {
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(duration, nothing) {
			duration = duration[:len(duration)-2]
		}
	}
	return duration
}

// queries adds to each query its type and both ends of its period where they are missing.
func queries(given []any) []any {
	kept := make([]any, len(given))
	for i, g := range given {
		period, _ := g.(Object)["relativeTimeRange"].(Object)
		kept[i] = with(Object{"queryType": ""}, g.(Object))
		kept[i].(Object)["relativeTimeRange"] = with(Object{"from": 0.0, "to": 0.0}, period)
	}
	return kept
}
