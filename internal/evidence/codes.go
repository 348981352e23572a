package evidence

import "slices"

// CodeDoubt is for the caller: the same sender had Enough points a short
// while ago.
const CodeDoubt = "check.doubt"

// Codes lists every code that evidence can carry, sorted.
func Codes() []string {
	codes := []string{CodeDoubt}
	for name := range Default().Facts {
		codes = append(codes, "check."+name)
	}
	for group := range Default().Groups {
		codes = append(codes, "check."+group)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
