package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Parse reads a URL:
//
//	redis://USER:PASSWORD@HOST:6379/0            one server
//	rediss://…                                   with TLS
//	redis-sentinel://HOST:26379,HOST/NAME/0      behind sentinels; NAME is the master's
//	redis-cluster://HOST:6379,HOST,HOST          a cluster; some of its nodes are enough
//	redis-sentinels://…, redis-clusters://…      with TLS
//
// Errors repeat no part of the URL that could be of a password.
//
// All after the scheme is optional but the hosts. With ?OPTION=VALUE, joined by &:
//
//	prefix=shop1:          begins every key. Default: lg:
//	timeout=250ms          the longest that a call takes
//	username=, password_file=   in place of those before the @
//	sentinel_username=, sentinel_password_file=
//	ca=FILE                whom TLS trusts. Default: the system's
//	cert=FILE, key=FILE    this node's own certificate
//	server_name=HOST       in the server's certificate, if not its host
//
// A password in the URL is percent-encoded.
func Parse(text string) (o Options, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("redis: %w", err)
		}
	}()
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return o, errors.New("not a URL; one that would work is redis://127.0.0.1:6379/0")
	}
	secure := true
	port := "6379"
	switch scheme {
	case "redis":
		secure = false
	case "rediss":
	case "redis-sentinel":
		secure, o.Topology, port = false, Sentinel, "26379"
	case "redis-sentinels":
		o.Topology, port = Sentinel, "26379"
	case "redis-cluster":
		secure, o.Topology = false, Cluster
	case "redis-clusters":
		o.Topology = Cluster
	default:
		return o, errors.New("the URL begins with redis://, rediss://, redis-sentinel(s):// or redis-cluster(s)://")
	}
	rest, query, _ := strings.Cut(rest, "?")
	if strings.Contains(query, "@") {
		return o, errors.New("an @ after a ? is written %40, and a ? in a password %3F")
	}
	// The last @ ends the user and password, so that one in a password that
	// nobody encoded is not taken for a host and printed.
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		if err := o.parseUser(rest[:i]); err != nil {
			return o, err
		}
		rest = rest[i+1:]
	}
	hosts, path, _ := strings.Cut(rest, "/")
	if err := o.parseHosts(hosts, port); err != nil {
		return o, err
	}
	if err := o.parsePath(path); err != nil {
		return o, err
	}
	if err := o.parseQuery(query, secure); err != nil {
		return o, err
	}
	return o, nil
}

func (o *Options) parseUser(text string) error {
	user, password, ok := strings.Cut(text, ":")
	if !ok {
		return errors.New("before the @ stands USER:PASSWORD, or :PASSWORD")
	}
	var err error
	if o.Username, err = url.PathUnescape(user); err != nil {
		return errors.New("the user name before the @ is not percent-encoded as it should be: % is %25")
	}
	if o.Password, err = url.PathUnescape(password); err != nil {
		return errors.New("the password before the @ is not percent-encoded as it should be: % is %25")
	}
	return nil
}

func (o *Options) parseHosts(hosts, port string) error {
	for _, h := range strings.Split(hosts, ",") {
		host, p, err := net.SplitHostPort(h)
		if err != nil {
			host, p = strings.TrimSuffix(strings.TrimPrefix(h, "["), "]"), port
		}
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("a port is not a number from 1 to 65535; one that would work is %s", port)
		}
		if host == "" || strings.ContainsAny(host, " /@") || (strings.Contains(host, ":") && net.ParseIP(host) == nil) {
			return fmt.Errorf("a host cannot be read; one that would work is 127.0.0.1:%s", port)
		}
		o.Addrs = append(o.Addrs, net.JoinHostPort(host, p))
	}
	if o.Topology == Single && len(o.Addrs) > 1 {
		return errors.New("several hosts are a cluster (redis-cluster://HOST,HOST,HOST) or sentinels (redis-sentinel://HOST,HOST/NAME)")
	}
	return nil
}

func (o *Options) parsePath(path string) error {
	if o.Topology == Sentinel {
		var err error
		name, db, _ := strings.Cut(path, "/")
		if o.Master, err = url.PathUnescape(name); err != nil || o.Master == "" {
			return errors.New("after the sentinels' hosts stands the name of the master: redis-sentinel://HOST:26379/mymaster/0")
		}
		path = db
	}
	if path == "" {
		return nil
	}
	n, err := strconv.ParseUint(path, 10, 16)
	if err != nil {
		return errors.New("after the host stands the number of a database; one that would work is 0")
	}
	if o.Topology == Cluster && n != 0 {
		return fmt.Errorf("a cluster has only database 0, not %d", n)
	}
	o.DB = int(n)
	return nil
}

func (o *Options) parseQuery(query string, secure bool) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("what follows the ? cannot be read; it is NAME=VALUE, joined by &, percent-encoded")
	}
	var files struct{ ca, cert, key, name string }
	var tlsOption string
	for name, all := range values {
		v := all[len(all)-1]
		if len(all) > 1 {
			return fmt.Errorf("option %s stands twice", name)
		}
		var err error
		switch name {
		case "prefix":
			o.Prefix = v
		case "timeout":
			if o.Timeout, err = time.ParseDuration(v); err != nil || o.Timeout <= 0 {
				err = fmt.Errorf("timeout %q is no time; one that would work is 250ms", v)
			}
		case "username":
			o.Username = v
		case "password_file":
			o.Password, err = secretFile(name, v)
		case "sentinel_username":
			o.SentinelUsername = v
		case "sentinel_password_file":
			o.SentinelPassword, err = secretFile(name, v)
		case "ca":
			files.ca, tlsOption = v, name
		case "cert":
			files.cert, tlsOption = v, name
		case "key":
			files.key, tlsOption = v, name
		case "server_name":
			files.name, tlsOption = v, name
		case "password", "sentinel_password":
			err = fmt.Errorf("a %s does not stand after the ?; use %s_file=FILE", name, name)
		default:
			err = fmt.Errorf("no option %q; there are prefix, timeout, username, password_file, sentinel_username, sentinel_password_file, ca, cert, key, server_name", name)
		}
		if err != nil {
			return err
		}
	}
	if !secure {
		if tlsOption != "" {
			return fmt.Errorf("option %s needs TLS: begin the URL with rediss://, redis-sentinels:// or redis-clusters://", tlsOption)
		}
		return nil
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: files.name}
	if files.ca != "" {
		pem, err := os.ReadFile(files.ca)
		if err != nil {
			return fmt.Errorf("option ca: %w", err)
		}
		o.TLS.RootCAs = x509.NewCertPool()
		if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("option ca: no certificate in %s; it holds PEM", files.ca)
		}
	}
	if (files.cert == "") != (files.key == "") {
		return errors.New("options cert and key stand together")
	}
	if files.cert != "" {
		pair, err := tls.LoadX509KeyPair(files.cert, files.key)
		if err != nil {
			return fmt.Errorf("options cert and key: %w", err)
		}
		o.TLS.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// secretFile reads a password from a file; white space at its end is none of
// it.
func secretFile(option, name string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("option %s: %w", option, err)
	}
	return strings.TrimRight(string(b), "\r\n\t "), nil
}
