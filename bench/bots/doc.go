// Package bots is the adversary bench: `make bench-bots`. docs/strength.md has
// its tables and what they mean.
//
// The adversaries are the product's own test of itself. They know its source,
// run against gateways that they start on loopback and nothing else, and each
// says what it passes and what that costs it. What is in which package:
//
//	gate      a gateway with a small shop behind it; one with a clock to set
//	web       a client that speaks HTTP and solves the proof of work natively
//	forge     reports of answers that nobody gave, and drags to put in them
//	chromium  Chromium, driven by playwright-core and the DevTools protocol
//	letters   pictures, read by tesseract and by a network
//	sound     spoken digits, read by a matched filter
//	suite     who tries what, how often
//	tally     the tables
package bots
