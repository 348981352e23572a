package signal

import (
	"bytes"
	"testing"
)

func TestClientsOfOneMakeAreOneCluster(t *testing.T) {
	one := Signals{HTTPVersion: "2", JA4: "t13d1516h2_8daaf6152771_02713d6af862", Headers: 0b111, Family: "chrome"}
	if (&Signals{}).Cluster() != nil {
		t.Error("a cluster without a request")
	}
	if (&Signals{HTTPVersion: "1"}).Cluster() == nil {
		t.Error("clients that say nothing of themselves are no cluster")
	}
	elsewhere := one
	elsewhere.Country, elsewhere.ASN, elsewhere.NoAcceptLanguage = "DE", 3320, true
	if !bytes.Equal(one.Cluster(), elsewhere.Cluster()) {
		t.Error("where it is makes another cluster of a client")
	}
	seen := map[string]string{string(one.Cluster()): "itself"}
	for name, change := range map[string]func(*Signals){
		"JA4":     func(s *Signals) { s.JA4 = "t13d1517h2_8daaf6152771_02713d6af862" },
		"no JA4":  func(s *Signals) { s.JA4 = "" },
		"version": func(s *Signals) { s.HTTPVersion = "1" },
		"headers": func(s *Signals) { s.Headers = 0b110 },
		"family":  func(s *Signals) { s.Family = "chrome-mobile" },
	} {
		other := one
		change(&other)
		if same, ok := seen[string(other.Cluster())]; ok {
			t.Errorf("another %s makes the same cluster as %s", name, same)
		}
		seen[string(other.Cluster())] = name
	}
}
