<?php
// WordPress' settings for the checks: one installation under any host name.
define('DB_NAME', 'wordpress');
define('DB_USER', 'shop');
define('DB_PASSWORD', 'shop');
define('DB_HOST', 'localhost:' . getenv('SHOPS_DB_SOCKET'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';

// Fixed keys would make the cookies of every run good for the next one.
$salt = getenv('SHOPS_DB_SOCKET') . filemtime(__FILE__);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
	define($name . '_KEY', hash('sha256', $name . $salt));
	define($name . '_SALT', hash('sha256', $name . 'salt' . $salt));
}

$host = $_SERVER['HTTP_HOST'] ?? 'shop.example';
define('WP_HOME', 'http://' . $host);
define('WP_SITEURL', 'http://' . $host);

// Nothing leaves this machine and nothing runs beside the request.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_MEMORY_LIMIT', '128M');
define('WP_DEFAULT_THEME', 'plain');

if (!defined('ABSPATH')) {
	define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
