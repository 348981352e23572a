package bots

import (
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// vec is a place.
type vec struct{ x, y float64 }

// curve is a cubic Bézier curve.
func curve(p [4]vec, u float64) vec {
	v := 1 - u
	a, b, c, d := v*v*v, 3*v*v*u, 3*v*u*u, u*u*u
	return vec{a*p[0].x + b*p[1].x + c*p[2].x + d*p[3].x, a*p[0].y + b*p[1].y + c*p[2].y + d*p[3].y}
}

// bend draws the inner points of a curve to a goal, up to a share of the way
// off the straight line.
func bend(rng *rand.Rand, way, off float64) [4]vec {
	side := func() float64 { return between(rng, -off, off) * way }
	return [4]vec{{}, {between(rng, 0.15, 0.5) * way, side()}, {between(rng, 0.5, 0.9) * way, side()}, {way, between(rng, -2, 2)}}
}

// bezier runs along a curve at even steps of its parameter, trembling.
func bezier(rng *rand.Rand, way float64) []evidence.Point {
	p, jitter := bend(rng, way, 0.05), between(rng, 0.2, 1)
	return along(rng, way, between(rng, 400, 1300), jitter,
		func(u float64) float64 { return curve(p, u).x / way },
		func(u float64) float64 { return curve(p, u).y })
}

// bezierEased runs along a wider curve, slowly at both ends.
func bezierEased(rng *rand.Rand, way float64) []evidence.Point {
	p, jitter := bend(rng, way, 0.15), between(rng, 0, 0.6)
	return along(rng, way, between(rng, 400, 1300), jitter,
		func(u float64) float64 { return curve(p, sine(u)).x / way },
		func(u float64) float64 { return curve(p, sine(u)).y })
}

// humanized is a curve of many inner points whose places are distorted and
// whose time is eased out, as libraries for desktop automation have it.
func humanized(rng *rand.Rand, way float64) []evidence.Point {
	n := 3 + rng.IntN(3)
	knots := make([]vec, n+2)
	for i := 1; i <= n; i++ {
		knots[i] = vec{rng.Float64() * way, between(rng, -0.12, 0.12) * way}
	}
	knots[n+1] = vec{way, 0}
	at := func(u float64) vec { // de Casteljau
		p := append([]vec(nil), knots...)
		for m := len(p) - 1; m > 0; m-- {
			for i := range m {
				p[i] = vec{p[i].x + u*(p[i+1].x-p[i].x), p[i].y + u*(p[i+1].y-p[i].y)}
			}
		}
		return p[0]
	}
	power := between(rng, 2, 4)
	ease := func(u float64) float64 { return 1 - math.Pow(1-u, power) }
	track := along(rng, way, between(rng, 500, 1400), 0,
		func(u float64) float64 { return at(ease(u)).x / way },
		func(u float64) float64 { return at(ease(u)).y })
	for i := 1; i < len(track)-2; i++ {
		if rng.IntN(2) == 0 {
			track[i].Y = tenth(track[i].Y + rng.NormFloat64())
		}
	}
	return track
}

// spline runs evenly through a few random places.
func spline(rng *rand.Rand, way float64) []evidence.Point {
	n := 3 + rng.IntN(3)
	knots := make([]vec, n+2)
	for i := 1; i <= n; i++ {
		knots[i] = vec{way * (float64(i) + between(rng, -0.3, 0.3)) / float64(n+1), between(rng, -0.05, 0.05) * way}
	}
	knots[n+1] = vec{way, 0}
	knot := func(i int) vec { return knots[min(max(i, 0), n+1)] }
	at := func(u float64) vec { // Catmull and Rom
		s := u * float64(n+1)
		i := min(int(s), n)
		f := s - float64(i)
		one := func(a, b, c, d float64) float64 {
			return 0.5 * (2*b + (c-a)*f + (2*a-5*b+4*c-d)*f*f + (3*b-a-3*c+d)*f*f*f)
		}
		a, b, c, d := knot(i-1), knot(i), knot(i+1), knot(i+2)
		return vec{one(a.x, b.x, c.x, d.x), one(a.y, b.y, c.y, d.y)}
	}
	ease := func(u float64) float64 { return u }
	if rng.IntN(2) == 0 {
		ease = sine
	}
	return along(rng, way, between(rng, 400, 1300), between(rng, 0, 0.5),
		func(u float64) float64 { return at(ease(u)).x / way },
		func(u float64) float64 { return at(ease(u)).y })
}

// noise is an eased way with smooth noise on it.
func noise(rng *rand.Rand, way float64) []evidence.Point {
	smooth := func(size float64) func(float64) float64 {
		values := make([]float64, 12)
		for i := range values {
			values[i] = size * rng.NormFloat64()
		}
		return func(u float64) float64 {
			s := u * 10
			i := int(s)
			f := s - float64(i)
			f = f * f * (3 - 2*f)
			return (values[i]*(1-f) + values[i+1]*f) * math.Sin(math.Pi*u)
		}
	}
	x, y := smooth(0.03), smooth(0.03*way)
	return along(rng, way, between(rng, 400, 1300), 0.2,
		func(u float64) float64 { return sine(u) + x(u) },
		y)
}

// windmouse is a particle that is drawn to the goal and pushed by a wind that
// changes at random, its speed bounded and smaller near the goal.
func windmouse(rng *rand.Rand, way float64) []evidence.Point {
	b := newBuilder(rng)
	gravity, push, most, calm := between(rng, 7, 10), between(rng, 2, 4), between(rng, 10, 18), 12.0
	var x, y, vx, vy, wx, wy float64
	wait := pause(rng)
	for range 400 {
		d := math.Hypot(way-x, y)
		if d < 1 {
			break
		}
		w := math.Min(push, d)
		if d >= calm {
			wx = wx/math.Sqrt(3) + between(rng, -1, 1)*w/math.Sqrt(5)
			wy = wy/math.Sqrt(3) + between(rng, -1, 1)*w/math.Sqrt(5)
		} else {
			wx, wy = wx/math.Sqrt(3), wy/math.Sqrt(3)
			if most < 3 {
				most = between(rng, 3, 6)
			} else {
				most /= math.Sqrt(5)
			}
		}
		vx += wx + gravity*(way-x)/d
		vy += wy - gravity*y/d
		if v := math.Hypot(vx, vy); v > most {
			clip := most/2 + rng.Float64()*most/2
			vx, vy = vx/v*clip, vy/v*clip
		}
		x, y = x+vx, y+vy
		b.move(tick(rng)+wait, math.Round(x), math.Round(y))
		wait = 0
	}
	b.move(tick(rng), way, 0)
	return b.release(pause(rng))
}

// ghost is a curve with both inner points on one side, timed by Fitts' law,
// with a little too far and back over long ways.
func ghost(rng *rand.Rand, way float64) []evidence.Point {
	side := 1.0
	if rng.IntN(2) == 0 {
		side = -1
	}
	spread := math.Min(math.Max(way*between(rng, 0.2, 0.6), 2), 200)
	leg := func(from, to vec, took float64) func(u float64) vec {
		p := [4]vec{from,
			{from.x + (to.x-from.x)*between(rng, 0.1, 0.6), from.y + side*spread*rng.Float64()},
			{from.x + (to.x-from.x)*between(rng, 0.4, 0.9), from.y + side*spread*rng.Float64()}, to}
		return func(u float64) vec { return curve(p, u) }
	}
	b := newBuilder(rng)
	wait := pause(rng)
	run := func(at func(float64) vec, took float64) {
		n := max(int(took/16.7), 3)
		for i := 1; i <= n; i++ {
			v := at(float64(i) / float64(n))
			b.move(tick(rng)+wait, v.x, v.y)
			wait = 0
		}
	}
	took := (0.1 + 0.12*math.Log2(way/between(rng, 20, 60)+1)) * 1000 * between(rng, 0.8, 1.8)
	goal := vec{way, between(rng, -3, 3)}
	if rng.IntN(3) == 0 {
		over := vec{way + between(rng, 3, 25), between(rng, -10, 10)}
		run(leg(vec{}, over, took), took)
		spread /= 10
		run(leg(over, goal, took/3), took/3)
	} else {
		run(leg(vec{}, goal, took), took)
	}
	return b.release(pause(rng))
}
