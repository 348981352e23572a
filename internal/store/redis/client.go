package redis

import (
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// client makes go-redis' client. Its own retries are off (-1): a reservation
// sent twice is charged twice. Dials are not retried within a call either:
// the next call dials again.
func (o *Options) client() goredis.UniversalClient {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch o.Topology {
	case Cluster:
		return goredis.NewClusterClient(&goredis.ClusterOptions{
			Addrs: o.Addrs, Username: o.Username, Password: o.Password, TLSConfig: o.TLS,
			Protocol: 2, DisableIdentity: true, DisableRoutingPolicies: true, MaintNotificationsConfig: quiet,
			MaxRetries: -1, MaxRedirects: 3, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: 20 * time.Millisecond,
			DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
			DialerRetries: 1, ContextTimeoutEnabled: true, PoolSize: o.PoolSize,
		})
	case Sentinel:
		return goredis.NewFailoverClient(&goredis.FailoverOptions{
			MasterName: o.Master, SentinelAddrs: o.Addrs, DB: o.DB,
			SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
			Username: o.Username, Password: o.Password, TLSConfig: o.TLS,
			Protocol: 2, DisableIdentity: true,
			MaxRetries: -1, DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
			DialerRetries: 1, ContextTimeoutEnabled: true, PoolSize: o.PoolSize,
		})
	default:
		return goredis.NewClient(&goredis.Options{
			Addr: o.Addrs[0], DB: o.DB, Username: o.Username, Password: o.Password, TLSConfig: o.TLS,
			Protocol: 2, DisableIdentity: true, MaintNotificationsConfig: quiet,
			MaxRetries: -1, DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
			DialerRetries: 1, ContextTimeoutEnabled: true, PoolSize: o.PoolSize,
		})
	}
}

// name is the URL without user, password and options.
func (o *Options) name() string {
	scheme, path := "redis", "/"+strconv.Itoa(o.DB)
	switch o.Topology {
	case Cluster:
		scheme, path = "redis-cluster", ""
	case Sentinel:
		scheme, path = "redis-sentinel", "/"+o.Master+path
	}
	if o.TLS != nil {
		scheme += "s"
	}
	return scheme + "://" + strings.Join(o.Addrs, ",") + path
}
