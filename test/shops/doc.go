// Package shops checks the gateway in front of a real WordPress from
// Debian's packages, once with a web server of its own behind reverse_proxy
// and once with php-fpm behind php_fastcgi, and in front of a real Django.
//
// run.sh installs and starts everything, tells the checks through the
// environment where it is, and ends it. The checks have the build tag
// `shops`; without run.sh they fail, they are never skipped.
//
// npm.sh does the same with a Vendure and an EverShop from npm, which take
// longer to get; their checks have the tag `npm` too.
//
// Django's site (conf/django) is as its documentation makes one, on
// WordPress' MariaDB, with three doors: its own login, a second one and the
// admin's. Its checks start gateways of their own.
//
// What the gateway did is never taken from the gateway alone: a script that
// php-fpm prepends to every other (conf/watch-request.php) and a plugin that
// only watches (conf/watch-login.php) write down which requests PHP ran and
// which passwords WordPress checked (conf/django/shop/watch.py does so in
// Django), and the checks hold that against the
// gateway's decisions.
package shops
