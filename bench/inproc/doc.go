// Package inproc runs several Caddy sites in this process without a socket
// and lets requests be played on them one by one.
//
// What is measured is caddyhttp.Server.ServeHTTP: all that Caddy and its
// handlers do for a request, and nothing of the kernel's, of net/http's or of
// the shop's. Requests, answers and bodies are reused, so that what a request
// costs to make is not in the figures.
package inproc
