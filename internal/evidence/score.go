package evidence

import "slices"

// track adds what the shape of a drag says.
func (s *sum) track(r *Report, way string) {
	shape := Measure(r.Track)
	share := s.w.Share[way]
	if shape.Places == 0 || len(r.Track) < 8 {
		s.fact(CodeFewPlaces)
		share /= 2
	}
	if shape.Places == 0 {
		return
	}
	groups, most := []string{}, map[string]float64{}
	for _, f := range s.w.Features {
		points := f.at(measures[f.Name](&shape))
		if _, known := most[f.Group]; !known {
			groups = append(groups, f.Group)
		}
		most[f.Group] = max(most[f.Group], points)
	}
	for _, g := range groups {
		s.add("check."+g, most[g]*share)
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
