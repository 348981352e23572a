package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// checkPolicy looks whether Redis may push rows out. INFO is asked first:
// CONFIG GET shows passwords, so that few users may use it.
func (s *Store) checkPolicy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, max(s.o.Timeout, time.Second))
	defer cancel()
	var mu sync.Mutex
	problem := ""
	on := func(ctx context.Context, c *goredis.Client) error {
		policy, err := policyOf(ctx, c)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			problem = fmt.Sprintf("whether %s keeps second factors when its memory is full could not be checked (%v): see that maxmemory-policy is noeviction", s.name, err)
		case policy != "noeviction":
			problem = fmt.Sprintf("%s may push out second factors and held sessions when its memory is full: set maxmemory-policy noeviction, it is %s", s.name, policy)
		}
		return nil
	}
	var err error
	switch c := s.client.(type) {
	case *goredis.ClusterClient:
		err = c.ForEachMaster(ctx, on)
	case *goredis.Client:
		err = on(ctx, c)
	}
	if ctx.Err() != nil {
		return // Redis is away; that is told elsewhere
	}
	if err != nil && problem == "" {
		return
	}
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.book.policy = problem
}

func policyOf(ctx context.Context, c *goredis.Client) (string, error) {
	text, err := c.Info(ctx, "memory").Result()
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "maxmemory_policy:"); ok {
			return strings.TrimSpace(v), nil
		}
	}
	const setting = "maxmemory-policy"
	got, cerr := c.ConfigGet(ctx, setting).Result()
	if cerr == nil && got[setting] != "" {
		return got[setting], nil
	}
	if err == nil {
		err = cerr
	}
	if err == nil {
		err = errAnswer
	}
	return "", err
}
