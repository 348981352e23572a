// Package shoptest has shops to test against: upstream servers that answer
// logins, carts, check-outs, registrations and administration in the shapes
// that real shops were seen to answer in (statuses, Location, Set-Cookie,
// texts, JSON, tokens), and that read requests the way those shops do: PHP's
// field names and "last one wins" for the PHP shops, Django's for Django.
//
// A shop records every request it got, with its raw bytes, and every login
// that its login handler ran, with the account and password as the shop read
// them. It promises to run a login wherever the captured shop would, on a
// truncated body too, as php-fpm does; it does not promise the rest of the
// shop. Marks and side doors that were not captured are left out rather than
// made up.
//
// The package also has a client's half of the check (Solve, AnswerSlider).
// It is for tests and benchmarks and is not part of the product.
package shoptest
