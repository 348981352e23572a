package risk

import "math"

// rates adds the families prior, network and client.
//
// The shares of attack of site, network, operator and make of client are one
// thing seen from several sides: a campaign shows in all of them. So each
// counts only by what it says beyond those before it, and all together say
// what the loudest says. Adding them up would count one attack four times,
// and most so for customers who share the attack's networks and browsers.
func (s *sum) rates(f Facts) {
	most, operatorMost, clientMost := float64(capPrior), float64(capNetwork), float64(capClient)
	if !f.SiteLearned || f.ClientCalm || f.PlaceCalm {
		most = capElsewhere
	}
	if f.PlaceCalm && f.ClientUsual {
		// Of browsers that customers have, only those from other places are
		// the attack's.
		clientMost = capElsewhere
	}
	if f.ClientCalm && f.PlaceUsual {
		// And of operators that customers have, only those by other clients.
		operatorMost = capElsewhere
	}
	prior := attackPoints(f.SiteAttack, most)
	network, operator := attackPoints(f.NetworkAttack, capNetwork), attackPoints(f.ASNAttack, operatorMost)
	client := attackPoints(f.ClientAttack, clientMost)

	s.add(CodeSiteAttack, prior)
	if f.SiteCalm && f.SiteLearned && prior+network+operator+client == 0 {
		s.add(CodeSiteCalm, pointsSiteCalm)
	}
	s.end("", capPrior)

	said := prior
	beyond := func(code string, points float64) {
		s.add(code, math.Max(0, points-said))
		said = math.Max(said, points)
	}
	beyond(CodeNetworkAttack, network)
	beyond(CodeOperatorAttack, operator)
	s.end("", capNetwork)

	beyond(CodeClientAttack, client)
	if f.NoAcceptLanguage {
		s.add(CodeNoAcceptLanguage, pointsNoAcceptLanguage)
	}
	s.end(CodeClientCap, capClient)
}

// attackPoints is what a share of attack is worth: the odds of it over those
// that are usual, from 0 to most.
func attackPoints(share, most float64) float64 {
	share = math.Min(amount(share), 1)
	points := 10 * (math.Log10(share/(1-share)) - math.Log10(attackUsual/(1-attackUsual)))
	return math.Round(math.Max(0, math.Min(points, most))/grain) * grain
}
