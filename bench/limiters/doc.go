// Package limiters measures what counts: the embedded store of Login Guard,
// caddy-ratelimit's own map of ring buffers, and golang.org/x/time/rate in a
// map, all called directly.
package limiters
