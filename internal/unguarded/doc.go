// Package unguarded finds the ways into a shop that nobody guards: answers
// that sign somebody in although no login was counted.
//
// Signs looks at one answer's headers, never at its body, and says what they
// show. Table keeps count of it by route and says which routes an operator
// should hear of. It promises to keep no value of any cookie or token, and of
// an address only its path without what looks like a name or number of
// something (see NewRoute).
//
// It is a lookout and no protection: a login whose token is in the answer's
// body is not seen, nor one that keeps the session's name. Nothing is refused
// on its word.
package unguarded
