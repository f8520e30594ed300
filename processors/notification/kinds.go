package notification

import "pitstop/schemas"

// whileOpen are the notifications that are pointless once the work is over.
var whileOpen = []schemas.NotificationKind{
	schemas.NotifyStarted, schemas.NotifyReadyLater, schemas.NotifyQuoteWithdrawn,
	schemas.NotifyDecision, schemas.NotifyExpiry,
}

// mustReach are the notifications that a customer has to hear of: when there is no
// address, or every try was refused for now, somebody calls. (An address that
// refuses for good makes a call task whatever the kind: the next mail would not
// arrive either.)
var mustReach = []schemas.NotificationKind{
	schemas.NotifyApprovalRequired, schemas.NotifyReminder, schemas.NotifyReadyLater,
	schemas.NotifyCompleted, schemas.NotifyMessage,
}
