// Package web is what all parts of the HTTP API share: who is asking, how much and
// from where; limits of what is read; headers, measuring and logging; problems (RFC
// 9457); and how a page and its assets are served.
package web
