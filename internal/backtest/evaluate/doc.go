// Package evaluate holds the policy of a shop without settings of its own
// against goals: on generated logs of many kinds, each with seeds that weights
// may be tuned on and with others that they may not, and on a log of sshd
// where one is at hand. What comes of it is docs/evaluation.md.
package evaluate
