// Package backtest replays a log of login attempts through the engine that
// guards a shop, under a virtual clock and on a store of its own, and reports
// what each attempt would have met. Beside it stand the default rules of two
// widely used tools on the same log.
//
// A log says what came, not what would have come had something stood in its
// way, so the replay assumes what the clients do; client.go has the
// assumptions in code and docs/backtest.md in words. Two replays of one log
// under one policy give the same report.
//
// The package opens no network connection and writes nothing but what it is
// asked for. Accounts and addresses are as the log has them: the report shows
// totals, and single rows only where Differences are asked for.
package backtest
