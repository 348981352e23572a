// Package config holds the settings of Login Guard as plain data: what an
// operator may say, what holds when nothing is said, which values are
// refused and with which words, and how the logins of known shops look
// (presets). It knows nothing of Caddy; package caddymodule parses the
// Caddyfile into these types and Caddy's JSON decodes straight into them.
//
// Every setting has a default that is safe for the account. Validate names
// the option that is wrong and a value that would work.
package config
