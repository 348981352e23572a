<?php
// A login in plain PHP. LAB_ROUTER says how the path is read, as shops do:
//
//   trim      the decoded path without slashes at its ends, and Laravel's
//             input(): JSON by type, else the body, then the query
//   query     ?route=account/login as OpenCart cleans it, and PrestaShop's
//             getValue(): the body, then the query
//   pathinfo  PATH_INFO, and fields of the body only; a body that PHP made
//             nothing of is tried as JSON, as hand-written ones do

declare(strict_types=1);

function setting(string $name): string
{
    return (string) ($_SERVER[$name] ?? getenv($name));
}

function scalars(mixed $value): array
{
    if ($value === null) {
        return [];
    }
    if (is_array($value)) {
        return array_merge([], ...array_map('scalars', array_values($value)));
    }
    return [is_bool($value) ? ($value ? 'true' : 'false') : (string) $value];
}

function report(string $handler, mixed $account = null, mixed $password = null): void
{
    $line = json_encode([
        'id' => (string) ($_SERVER['HTTP_X_LAB_ID'] ?? ''),
        'ref' => (string) ($_SERVER['HTTP_X_LAB_REF'] ?? ''),
        'handler' => $handler,
        'accounts' => array_map('base64_encode', scalars($account)),
        'passwords' => array_map('base64_encode', scalars($password)),
    ], JSON_INVALID_UTF8_SUBSTITUTE);
    file_put_contents(setting('LAB_LOGS') . '/' . setting('LAB_NAME') . '.jsonl', $line . "\n", FILE_APPEND | LOCK_EX);
    header('X-Lab-Handler: ' . $handler);
    http_response_code($handler === 'login' ? 401 : 200);
    echo $handler, "\n";
}

$json = null;
$type = (string) ($_SERVER['CONTENT_TYPE'] ?? '');
if (str_contains($type, '/json') || str_contains($type, '+json')) {
    $json = json_decode((string) file_get_contents('php://input'), true);
}

$basic = false;
switch (setting('LAB_ROUTER')) {
    case 'trim':
        $path = trim(rawurldecode((string) strtok((string) $_SERVER['REQUEST_URI'], '?')), '/');
        $login = $path === 'account/login';
        $basic = $path === 'account/basic';
        $input = (is_array($json) ? $json : $_POST) + $_GET;
        break;
    case 'query':
        $route = preg_replace('/[^a-zA-Z0-9_\/.|]/', '', is_string($_GET['route'] ?? null) ? $_GET['route'] : '');
        $login = strtolower($route) === 'account/login';
        $basic = strtolower($route) === 'account/basic';
        $input = (is_array($json) ? $json : []) + $_POST + $_GET;
        break;
    default:
        $path = trim((string) ($_SERVER['PATH_INFO'] ?? ''), '/');
        $login = $path === 'account/login';
        $basic = $path === 'account/basic';
        $input = $_POST;
        if ($input === []) {
            $input = json_decode((string) file_get_contents('php://input'), true);
        }
        $input = is_array($input) ? $input : [];
}

if ($basic) {
    report('login', $_SERVER['PHP_AUTH_USER'] ?? null, $_SERVER['PHP_AUTH_PW'] ?? null);
} elseif ($login) {
    report('login', $input['user'] ?? null, $input['pass'] ?? null);
} else {
    report('other');
}
