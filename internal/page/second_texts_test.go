package page

import "strings"

// secondLimits are the longest texts of the pages of the second factor, in
// columns as limits has them, and their keys. Nothing there stands in a row
// that must not break: a button takes two lines (48), a title three, what is
// read takes five. All was looked at with 320 px and with text twice as large.
var secondLimits = map[int]string{
	24: `second_host second_send_go second_code second_go second_resend method_passkey method_sms method_email
		method_recovery account_title account_shop account_methods account_added account_change account_add
		codes_print codes_save codes_kept devices_title device_this device_forget notice_ok app_key
		app_account app_issuer name_label phone_label mail_label edit_title edit_save remove_go done_title
		offer_go later`,
	32: `second_title second_account second_passkey_go second_others second_lost second_cancel second_left
		second_tab_title method_app account_step account_back account_level account_none account_used
		account_unused account_provisional codes_title codes_left typed_title typed_again test_title signout
		notice_added notice_removed notice_trusted notice_undo app_qr passkey_title passkey_go mail_title
		mail_bad sent_title remove_title done_removed done_renamed done_forgotten setup_title`,
	48: `keys_title keys_on keys_off
		second_send second_resend_in second_empty second_replaced_title method_app_hint next_setup next_test
		codes_new typed_text notice_undone notice_recovery notice_codes notice_signout app_title app_scan
		app_open app_type passkey_there phone_title phone_hint edit_replace done_tested`,
	64: `second_sent second_trust second_trust_hint second_wrong second_slow second_old method_passkey_hint
		level_none next_passkey notice_other app_then name_hint phone_country remove_text done_signout
		done_undone`,
	80: `next_renew next_drop next_keys notice_keys_on notice_keys_off
		second_app second_recovery second_recovery_hint second_unsupported second_stopped second_used
		second_many second_away second_replaced_text account_signin account_confirm level_sent next_app
		next_another account_required codes_void test_text devices_none notice_cloned
		notice_kept notice_gone phone_bad contact_text done_added done_codes code_text code_subject`,
	112: `second_passkey second_noscript second_locked second_copied second_expired_text second_wait_text
		level_app level_passkey next_codes codes_text notice_reset notice_locked remove_last setup_text
		offer_text`,
	136: `signout_text keys_text
		second_lost_text second_tab_text codes_keep notice_failed clock_ahead clock_behind passkey_text`,
}

// limitOf is how long a text may be; 0 if nobody said.
func limitOf(key string) int {
	for limit, keys := range secondLimits {
		for name := range strings.FieldsSeq(keys) {
			if name == key {
				return limit
			}
		}
	}
	return limits[key]
}
