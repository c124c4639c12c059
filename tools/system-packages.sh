#!/bin/sh
# What the tests need and PyPI has not: a PostgreSQL server, nginx, a Chromium, a Chinese font, Node.js. Finds what is there,
# installs the rest where it may, and otherwise says in plain words what will not be tested. Never fails: the
# tests themselves skip, or fail when CI=true.
set -u
here=$(dirname "$0")

has_postgres() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}
has_nginx() {
    command -v nginx >/dev/null || [ -x /usr/sbin/nginx ]
}
has_browser() {
    [ -x "${REFUND_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null
}
# Playwright's driver needs a library that a bare Debian has not.
has_driver() {
    .venv/bin/python -m playwright --version >/dev/null 2>&1
}
has_font() {
    [ -n "$(fc-list :lang=zh-cn file 2>/dev/null)" ]
}
has_node() {
    command -v node >/dev/null && command -v npm >/dev/null
}
missing() {
    has_postgres || echo postgresql
    has_nginx || echo nginx-light
    has_browser || echo chromium
    has_driver || echo libatomic1
    has_font || echo fontconfig fonts-noto-cjk
    has_node || echo nodejs npm
}

packages=$(missing)
[ -z "$packages" ] && exit 0
# shellcheck disable=SC2086 # one word per package
"$here/apt-install.sh" $packages
has_postgres || echo "No PostgreSQL server: the tests on PostgreSQL are skipped (Debian: apt-get install postgresql)."
has_nginx || echo "No nginx: the tests of the hosted shop are skipped (Debian: apt-get install nginx-light)."
has_browser || echo "No Chromium: the browser tests are skipped (Debian: apt-get install chromium, or set REFUND_CHROMIUM)."
has_driver || echo "Playwright's driver does not start: the browser tests fail (Debian: apt-get install libatomic1)."
has_font || echo "No Chinese font: screenshots show boxes for Chinese (Debian: apt-get install fonts-noto-cjk)."
has_node || echo "No Node.js with npm: the official SDKs do not judge the stand-in (Debian: apt-get install nodejs npm)."
exit 0
