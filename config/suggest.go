package config

// nearest returns the candidate that said is most probably a misspelling of,
// or nothing if none is near: at most a third of its letters may differ.
func nearest(said string, candidates []string) string {
	if len(said) > nearestMax {
		return ""
	}
	best, bestDistance := "", 0
	for _, c := range candidates {
		d := distance(said, c)
		if d <= max(2, len(c)/3) && d < len(c) && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
}

// nearestMax is the longest text that is compared: beyond it nothing is
// near, and the comparison would cost its square.
const nearestMax = 64

// distance is the Levenshtein distance: how many letters must be added, removed
// or changed to make b of a.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		diagonal := row[0]
		row[0] = i + 1
		for j := range t {
			change := diagonal
			if s[i] != t[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(t)]
}
