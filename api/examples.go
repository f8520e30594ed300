package api

// examples are bodies of the routes that write, as the documentation shows them: the
// story of one repair.
var examples = map[string]string{
	"start-repair": `{
  "external_ref": "WO-1842",
  "vehicle": {"plate": "K482TR", "country": "NL", "description": "Volkswagen Golf"},
  "customer": {"name": "J. de Vries", "email": "j@example.nl", "phone": "+31612345678", "language": "nl"},
  "ready_at": "2026-05-20T16:00:00+02:00",
  "agreed": {"currency": "EUR", "lines": [
    {"title": "Kleine beurt en APK", "details": [
      {"kind": "labour", "description": "Beurt", "quantity": "1", "unit_price": 28900, "vat": "21"}]}]}
}`,
	"change-repair": `{"ready_at": "2026-05-20T17:30:00+02:00"}`,
	"request-approval": `{
  "currency": "EUR",
  "answer_by": "2026-05-20T14:00:00+02:00",
  "lines": [
    {"title": "Remblokken vóór vervangen", "urgency": "safety", "consequence": "Zonder deze reparatie keuren we de auto niet goed voor de APK.", "details": [
      {"kind": "part", "description": "Remblokken", "quantity": "1", "unit_price": 7200, "vat": "21"},
      {"kind": "labour", "description": "Arbeid", "quantity": "1.2", "unit_price": 11500, "vat": "21"}]},
    {"title": "Ruitenwissers vervangen", "urgency": "advice", "details": [
      {"kind": "part", "description": "Wissers", "quantity": "1", "unit_price": 3995, "vat": "21"}]}]
}`,
	"decide-quote": `{
  "lines": [{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject", "reason": "later"}],
  "total_seen": 21000, "method": "phone", "name": "J. de Vries"
}`,
	"post-message":    `{"kind": "text", "text": "De auto is om vijf uur klaar."}`,
	"complete-repair": `{"total": 49900}`,
	"collect-vehicle": `{}`,
	"cancel-repair":   `{"reason": "De klant laat het elders doen."}`,
	"withdraw-quote":  `{}`,
}
