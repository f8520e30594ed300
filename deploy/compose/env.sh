#!/bin/sh
# Writes an .env for compose.yaml with fresh secrets: deploy/compose/env.sh > deploy/compose/.env
# Needs openssl. Never write over an .env in use: what was sealed or signed with
# its secrets stays so.
set -eu
umask 077

secret() { openssl rand -hex 32; }

readers=$(secret)
# As Pitstop computes it: the HMAC of the user's name.
operator=$(printf pitstop_reader | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$readers" | sed 's/.*= *//')

sed \
  -e "s|^CLICKHOUSE_PASSWORD=$|&$(secret)|" \
  -e "s|^GRAFANA_PASSWORD=$|&$(secret)|" \
  -e "s|^PITSTOP_COMMAND_SECRET=$|&$(secret)|" \
  -e "s|^PITSTOP_LINK_KEYS=$|&1:$(openssl rand -base64 32)|" \
  -e "s|^PITSTOP_READER_SECRET=$|&$readers|" \
  -e "s|^PITSTOP_READER_PASSWORD=$|&$operator|" \
  -e "s|^PITSTOP_TOKEN_SECRET=$|&$(secret)|" \
  "$(dirname "$0")/.env.example"
