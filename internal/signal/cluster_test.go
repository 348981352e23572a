package signal

import (
	"bytes"
	"testing"
)

func TestClientsOfOneMakeAreOneCluster(t *testing.T) {
	one := Signals{HTTPVersion: "2", JA4: "t13d1516h2_8daaf6152771_02713d6af862", Headers: 0b111, Family: "chrome"}
	if cluster, kin := (&Signals{}).Cluster(); cluster == nil || kin == nil {
		t.Error("clients that say nothing of themselves are no cluster")
	}
	elsewhere := one
	elsewhere.Country, elsewhere.ASN, elsewhere.NoAcceptLanguage = "DE", 3320, true
	cluster, kin := one.Cluster()
	if c, k := elsewhere.Cluster(); !bytes.Equal(c, cluster) || !bytes.Equal(k, kin) {
		t.Error("where it is makes another cluster of a client")
	}
	seen := map[string]string{string(cluster): "itself"}
	for name, change := range map[string]func(*Signals){
		"JA4":     func(s *Signals) { s.JA4 = "t13d1517h2_8daaf6152771_02713d6af862" },
		"no JA4":  func(s *Signals) { s.JA4 = "" },
		"version": func(s *Signals) { s.HTTPVersion = "1" },
		"headers": func(s *Signals) { s.Headers = 0b110 },
		"family":  func(s *Signals) { s.Family = "chrome-mobile" },
	} {
		other := one
		change(&other)
		c, k := other.Cluster()
		if same, ok := seen[string(c)]; ok {
			t.Errorf("another %s makes the same cluster as %s", name, same)
		}
		seen[string(c)] = name
		if bytes.Equal(k, kin) != (name == "family") {
			t.Errorf("another %s: kin %q and %q", name, k, kin)
		}
	}
}
