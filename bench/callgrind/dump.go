package callgrind

import (
	"runtime"
	"unsafe"
)

// Dump writes the counters to a file under a name and sets them to nothing.
func Dump(name string) {
	text := append([]byte(name), 0)
	var pin runtime.Pinner
	pin.Pin(&text[0])
	defer pin.Unpin()
	request(&[6]uint64{dumpStats, uint64(uintptr(unsafe.Pointer(&text[0])))})
}
