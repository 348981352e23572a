package redis_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/store/redis"
)

func TestURLsAreRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]redis.Options{
		"redis://127.0.0.1":                           {Addrs: []string{"127.0.0.1:6379"}},
		"redis://[::1]:7000/3":                        {Addrs: []string{"[::1]:7000"}, DB: 3},
		"redis://shop:p%40ss%2Fw@db.example:6380/":    {Addrs: []string{"db.example:6380"}, Username: "shop", Password: "p@ss/w"},
		"redis://:se:cr@et@db.example":                {Addrs: []string{"db.example:6379"}, Password: "se:cr@et"},
		"redis://db?prefix=shop1:&timeout=100ms":      {Addrs: []string{"db:6379"}, Prefix: "shop1:", Timeout: 100 * time.Millisecond},
		"redis://db?username=u&password_file=" + file: {Addrs: []string{"db:6379"}, Username: "u", Password: "from a file"},
		"redis-sentinel://a:26380,b/mymaster/2?sentinel_username=w&sentinel_password_file=" + file: {Topology: redis.Sentinel,
			Addrs: []string{"a:26380", "b:26379"}, Master: "mymaster", DB: 2, SentinelUsername: "w", SentinelPassword: "from a file"},
		"redis-cluster://:p@h1,h2:7001,[::1]": {Topology: redis.Cluster, Addrs: []string{"h1:6379", "h2:7001", "[::1]:6379"}, Password: "p"},
	} {
		got, err := redis.Parse(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", url, diff)
		}
		s, err := redis.New(got)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		_ = s.Close(ctx)
	}
	for _, url := range []string{"rediss://db:1/2", "redis-sentinels://db:1/m/2", "redis-clusters://db:1"} {
		got, err := redis.Parse(strings.Replace(url, "db", "u:hunter2@db", 1))
		if err != nil || got.TLS == nil {
			t.Errorf("%s: without TLS, %v", url, err)
			continue
		}
		s, err := redis.New(got)
		if err != nil || !strings.HasPrefix(s.Name(), url) || strings.Contains(s.Name(), "hunter2") {
			t.Errorf("%s: %v is named %s", url, err, s.Name())
		}
		_ = s.Close(ctx)
	}
}

func TestAWrongURLNamesWhatWouldWorkAndNoPassword(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"db.example:6379":                          "redis://127.0.0.1:6379/0",
		"http://u:hunter2@db":                      "redis://",
		"redis://hunter2@db":                       "USER:PASSWORD",
		"redis://u:hunter2%zz@db":                  "%25",
		"redis://u%zz:hunter2@db":                  "%25",
		"redis://u:hunter2?x@db":                   "%3F",
		"redis://u:hunter2/9":                      "6379",
		"redis://u:hunter2":                        "6379",
		"redis://":                                 "127.0.0.1:6379",
		"redis://db:0":                             "6379",
		"redis://db:70000":                         "6379",
		"redis://a,b":                              "redis-cluster://",
		"redis://u:hunter2@db/hunter2":             "would work is 0",
		"redis-sentinel://:hunter2@a,b":            "mymaster",
		"redis-sentinel://a,b/m/x":                 "would work is 0",
		"redis-cluster://a,b/1":                    "only database 0",
		"redis://db?timeout=soon":                  "250ms",
		"redis://db?timeout=-1s":                   "250ms",
		"redis://db?nonsense=1":                    "prefix, timeout",
		"redis://db?password=hunter2":              "password_file",
		"redis://db?prefix=a&prefix=b":             "twice",
		"redis://db?ca=" + empty:                   "rediss://",
		"rediss://db?ca=" + empty:                  "PEM",
		"rediss://db?ca=/does/not/exist":           "option ca",
		"rediss://db?cert=a":                       "together",
		"rediss://db?cert=/no/a&key=/no/b":         "cert and key",
		"redis://db?password_file=/does/not/exist": "password_file",
		"redis://db?%zz":                           "percent-encoded",
	} {
		_, err := redis.Parse(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is in %v", url, err)
		}
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for name, o := range map[string]redis.Options{
		"braces":           {Prefix: "{a}"},
		"two servers":      {Addrs: []string{"a:1", "b:1"}},
		"no master":        {Topology: redis.Sentinel},
		"cluster database": {Topology: redis.Cluster, DB: 1},
		"long time-out":    {Timeout: time.Minute},
		"topology":         {Topology: 9},
	} {
		if s, err := redis.New(o); err == nil {
			t.Errorf("%s: made %s", name, s.Name())
		}
	}
}
