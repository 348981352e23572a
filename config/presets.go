package config

import (
	"maps"
	"slices"
)

// GenericPreset is the preset for shops that have none of their own.
const GenericPreset = "generic"

// preset is the logins of one shop, and whether they were tried against the
// running shop: one that only rests on its source begins in monitor mode.
type preset struct {
	endpoints func() []Endpoint
	verified  bool
}

// presets gives every preset by name. The logins and answers of those that
// are verified were captured from the unmodified shop: WooCommerce 11.0.1 on
// WordPress 7.1, OpenCart 3.0.5.1 and 4.1.0.3, Zen Cart 2.2.2, Django 3.2 (its
// admin; Oscar's fields from its source), Vendure 3.7.3, EverShop 2.2.1.
func presets() map[string]preset {
	return map[string]preset{
		"woocommerce": {wooCommerce, true},
		"opencart3":   {openCart3, true},
		"opencart4":   {openCart4, true},
		"zencart":     {zenCart, true},
		"django":      {django, true},
		"vendure":     {vendure, true},
		"evershop":    {everShop, true},
		GenericPreset: {generic, true},

		"prestashop":  {prestaShop, false},
		"magento2":    {magento2, false},
		"shopware6":   {shopware6, false},
		"sylius":      {sylius, false},
		"medusa2":     {medusa2, false},
		"saleor":      {saleor, false},
		"bagisto":     {bagisto, false},
		"spree":       {spree, false},
		"odoo":        {odoo, false},
		"nopcommerce": {nopCommerce, false},
		"keycloak":    {keycloak, false},
	}
}

// Preset returns a copy of the endpoints of the preset of that name, and
// whether there is one.
func Preset(name string) ([]Endpoint, bool) {
	p, ok := presets()[name]
	if !ok {
		return nil, false
	}
	return p.endpoints(), true
}

// PresetNames lists the presets in alphabetical order.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets())) }

// Verified reports whether a preset was tried against the running shop.
func Verified(name string) bool { return presets()[name].verified }
