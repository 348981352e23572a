// Package generate makes up logs of logins: people as shops have them, among
// them those whom guards like to mistake for attackers, and attacks of many
// kinds. What it makes depends on the specification and the seed alone.
//
// A specification is a mix of parts: `shop(days=20)+stuffing(day=15,hits=0.01)`.
// Parts lists them with what can be set. Countries and operators (ASN) are made
// up by address block, so that no database is needed; the blocks are not those
// of the real world.
//
// Sources of the figures: 85 % of people's logins from the address before,
// 90 % with their cookies, 2 % slips, 7 s between two tries: the simulator of
// StopGuessing (Tian, Herley and Schechter 2019); 57 % or 15 % of ordinary
// attempts that fail and 64 % from phones: two readings of the RBA data set
// (Wiefling et al., TOPS 2022); 0.1 to 2 % of stuffed passwords that are right:
// 1.5 % of logins use a breached one (Thomas et al., USENIX Security 2019).
package generate
