package dashboards

// All are the dashboards, in the order in which they are shown.
var All = []Dashboard{Waiting, Notifications, Service, Conversation, Pipeline}
