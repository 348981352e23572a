package evidence

// Like reports whether two drags are taken for one.
func Like(a, b *Report) (byOrder, byTime bool) {
	s, ok := shapeOf(a)
	t, both := shapeOf(b)
	if !ok || !both {
		return false, false
	}
	byOrder = s.points == t.points && s.apart(&t) <= copied
	s.points = -1
	return byOrder, s.like(&t)
}
