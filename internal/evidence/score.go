package evidence

// groupPoints is what one group of features counts.
type groupPoints struct {
	group  string
	points float64
}

// groups is what the groups of features count for a shape, each to its own
// limit: features of one group tell much the same.
func (w *Weights) groups(shape *Shape) (out []groupPoints, sum float64) {
	if shape.Places == 0 {
		return nil, 0
	}
	features := w.Tracks[shape.Kind()]
	for i := range features {
		f := &features[i]
		points := f.At(measures[f.Name](shape))
		if n := len(out); n > 0 && out[n-1].group == f.Group {
			out[n-1].points += points
		} else {
			out = append(out, groupPoints{f.Group, points})
		}
	}
	for i := range out {
		out[i].points = min(out[i].points, w.Groups[out[i].group])
		sum += out[i].points
	}
	return out, sum
}

// Sum is what the groups of features of a shape add up to, before Curve.
func (w *Weights) Sum(shape *Shape) float64 {
	_, sum := w.groups(shape)
	return sum
}

// track adds what the shape of a drag says. Little of it is next to nothing,
// as people differ; only what adds up counts.
func (s *sum) track(r *Report, way string) {
	shape := Measure(r.Track)
	if shape.Places == 0 {
		s.fact(CodeFewPlaces)
		return
	}
	groups, sum := s.w.groups(&shape)
	share := s.w.Share[way]
	if sum *= share; sum <= 0 {
		return
	}
	part := share * between(s.w.Curve, sum) / sum
	for _, g := range groups {
		s.add(codePrefix+g.group, g.points*part)
	}
}
