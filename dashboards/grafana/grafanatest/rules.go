package grafanatest

import (
	"maps"
	"net/http"
	"slices"
)

// rules answers under /v1/provisioning: alert-rules, and
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
		return answer{status: http.StatusNotFound}
	case q.Method == http.MethodDelete:
		delete(q.in.Rules, name)
		return answer{status: http.StatusNoContent}
	default:
		return ok(group)
	}
}

func (s *Server) put(q request, folder, name string) answer {
	if q.in.Folders[folder] == nil {
		return no(http.StatusBadRequest, "invalid alert rule: folder does not exist")
	}
	rules, _ := q.body["rules"].([]any)
	for i, r := range rules {
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
		})
	}
	q.in.Rules[name] = Object{"title": name, "folderUid": folder, "interval": q.body["interval"], "rules": rules}
	return ok(q.in.Rules[name])
}
