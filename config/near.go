package config

// Near returns the one of names that word most likely meant: at most two
// letters changed, added or left out, one in names of up to four letters. It
// is empty when none is near.
func Near(word string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		bound := 2
		if len(name) <= 4 {
			bound = 1
		}
		if d := distance(word, name); d <= bound && d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two words, in bytes. Words of
// very different length are not near and not compared.
func distance(a, b string) int {
	const far = 3
	if len(a)-len(b) >= far || len(b)-len(a) >= far {
		return far
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
