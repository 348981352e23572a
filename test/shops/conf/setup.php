<?php
// Makes the customers and the settings that the checks need, through
// WordPress' own functions. Run once, after wp-admin/install.php.
$_SERVER['HTTP_HOST'] = 'shop.example';
$_SERVER['REQUEST_METHOD'] = 'GET';
require getenv('SHOPS_WP') . '/wp-load.php';

// One customer for each check that fails logins, so that none of them meets
// what another one left behind; all with one password.
foreach (explode(' ', getenv('SHOPS_CUSTOMERS')) as $name) {
	$id = wp_insert_user([
		'user_login' => $name,
		'user_email' => $name . '@shop.example',
		'user_pass'  => getenv('SHOPS_PASSWORD'),
		'role'       => 'subscriber',
	]);
	if (is_wp_error($id)) {
		fwrite(STDERR, $id->get_error_message() . "\n");
		exit(1);
	}
}
update_option('users_can_register', 1);
update_option('permalink_structure', '/%postname%/');
update_option('comment_moderation', 0);
update_option('comment_previously_approved', 0);
switch_theme('plain');
