package evidence

import "math"

// What tells copies of a track from other tracks. A copy has its places in
// the same order, at the same share of the way, off by what rounding to whole
// pixels and a tremble that was added make; that is hardly anything, and no
// two people come so close. What was played to a browser comes out with other
// times and sometimes with places lost; for that the place at even times is
// compared, by a wider margin.
const (
	// shapePoints is how many places a shape has.
	shapePoints = 32
	// tenths is units a px, and perWay units the whole way.
	tenths, perWay = 10, 1000
	// farOff is as far as a place is told, so that sums of squares fit.
	farOff = 2 * perWay
	// copied is how far apart the places of a copy are, root mean square in
	// px: rounding makes 0.3, a tremble of 0.3 px 0.3 more.
	copied = 0.6
	// played is how far the places at even times are apart, root of the sum
	// of squares in units; playedOdd where it took another time by more than
	// anotherTime, on a scale of natural logarithms: people are alike in
	// shape more easily than in shape and time.
	played, playedOdd, anotherTime = 27, 16, 0.25
	// upright is how much more a unit up or down counts: there people
	// differ more than copies do.
	upright = 2
	// The times are from where the first share of the way is done to where
	// the last is, and as long again: the ends depend on a pixel.
	timeFrom, timeTo, timeMore = 0.05, 0.8, 1.0
)

// shape is a track for comparison.
type shape struct {
	glance
	// byTime are the places at even times but those of glance, in parts as
	// there.
	byTime  [3]part
	way     float64 // px
	byOrder [2][shapePoints]int16
}

// glance is what tells most tracks apart, kept by itself: going through many
// of them takes as long as fetching them.
type glance struct {
	took   float32 // logarithm of the ms of the times compared
	points int32   // how many there were
	first  part
}

// part is every fourth of the places at even times: along, and down.
type part [2][shapePoints / 4]int16

// shapeOf makes the shape of a report's drag; false without one.
func shapeOf(r *Report) (s shape, ok bool) {
	if r == nil || len(r.Track) < fewest {
		return s, false
	}
	track := r.Track
	last := track[len(track)-1]
	if s.way = last.X; s.way < leastWay {
		return s, false
	}
	s.points = int32(len(track))
	for k := range shapePoints {
		at := float64(k) * float64(len(track)-1) / (shapePoints - 1)
		i := min(int(at), len(track)-2)
		f := at - float64(i)
		a, b := track[i], track[i+1]
		s.byOrder[0][k] = unit((a.X+f*(b.X-a.X))*tenths, math.MaxInt16)
		s.byOrder[1][k] = unit((a.Y+f*(b.Y-a.Y))*tenths, math.MaxInt16)
	}
	from, to := reaches(track, timeFrom*s.way), reaches(track, timeTo*s.way)
	if to <= from {
		return s, false
	}
	s.took = float32(math.Log(to - from))
	for k, i := 0, 0; k < shapePoints; k++ {
		p := place(track, &i, from+(1+timeMore)*(to-from)*float64(k)/(shapePoints-1))
		to := &s.first
		if k%4 > 0 {
			to = &s.byTime[k%4-1]
		}
		to[0][k/4], to[1][k/4] = unit(p.X/s.way*perWay, farOff), unit(p.Y/s.way*perWay, farOff)
	}
	return s, true
}

// unit is a number of units, no further from 0 than most.
func unit(v, most float64) int16 { return int16(math.Round(min(max(v, -most), most))) }

// reaches is when a track first is so far.
func reaches(track []Point, x float64) float64 {
	for i := 1; i < len(track); i++ {
		if a, b := track[i-1], track[i]; b.X >= x {
			f := 1.0
			if b.X > a.X {
				f = max((x-a.X)/(b.X-a.X), 0)
			}
			return a.T + f*(b.T-a.T)
		}
	}
	return track[len(track)-1].T
}

// like reports whether two shapes are of one track.
func (s *shape) like(o *shape) bool {
	if s.points == o.points && s.apart(o) <= copied {
		return true
	}
	limit := s.limit(&o.glance)
	sum := s.first.apart(&o.first)
	for i := range s.byTime {
		if sum > limit {
			return false
		}
		sum += s.byTime[i].apart(&o.byTime[i])
	}
	return sum <= limit
}

// other reports whether at a glance two tracks cannot be one.
func (s *glance) other(o *glance) bool {
	return s.points != o.points && s.first.apart(&o.first) > s.limit(o)
}

// limit is the sum of squares up to which places at even times are of one
// track.
func (s *glance) limit(o *glance) int32 {
	if d := s.took - o.took; d > anotherTime || d < -anotherTime {
		return playedOdd * playedOdd
	}
	return played * played
}

// apart is the sum of squares of how far places are apart.
func (p *part) apart(o *part) (sum int32) {
	for k := range p[0] {
		x := int32(p[0][k]) - int32(o[0][k])
		y := upright * (int32(p[1][k]) - int32(o[1][k]))
		sum += x*x + y*y
	}
	return sum
}

// apart is how far the places are apart, root mean square in px of the
// shorter way. Where the way was stretched, up and down may have been or not.
func (s *shape) apart(o *shape) float64 {
	way := min(s.way, o.way)
	mine, other := way/s.way/tenths, way/o.way/tenths
	var along, tall, flat float64
	for k := range shapePoints {
		d := float64(s.byOrder[0][k])*mine - float64(o.byOrder[0][k])*other
		along += d * d
		d = float64(s.byOrder[1][k])*mine - float64(o.byOrder[1][k])*other
		tall += d * d
		d = (float64(s.byOrder[1][k]) - float64(o.byOrder[1][k])) / tenths
		flat += d * d
	}
	return math.Sqrt((along + min(tall, flat)) / (2 * shapePoints))
}
