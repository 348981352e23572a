// Package faults breaks what several gateways stand on, end to end: real
// gateways, a real shop behind them, real Redis servers. Each test is a row
// of docs/reliability.md: what a shopper sees, how many guesses a guesser
// gains, and that it heals.
//
// Tests that take minutes have the build tag faults and run by `make faults`.
package faults
