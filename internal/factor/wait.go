package factor

import "time"

// SendWait is how long until another code may be sent to this account.
func (a *Account) SendWait(now time.Time) time.Duration { return a.sendWait(now) }
