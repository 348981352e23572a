package embedded

import (
	"container/heap"

	"github.com/login-guard/login-guard/internal/store"
)

// ends says which row ends next. A row that got another end stands in it
// twice; who takes one out looks whether it is still so.
type ends []end

type end struct {
	until int64
	key   store.Key
}

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i].until < e[j].until }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *ends) Push(x any) { *e = append(*e, x.(end)) }

// Pop implements heap.Interface.
func (e *ends) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func (e *ends) add(key store.Key, until int64) { heap.Push(e, end{until, key}) }

// over takes out up to n rows that ended by now.
func (r *rows) over(now int64, n int) (gone []store.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.ends) > 0 && r.ends[0].until <= now && len(gone) < n {
		gone = append(gone, heap.Pop(&r.ends).(end).key)
	}
	return gone
}
