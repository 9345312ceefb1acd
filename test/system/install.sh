#!/usr/bin/env bash
# Installs what the system suite needs beside the project, under this folder: Lambda's runtime client, moto, DynamoDB
# Local and the AWS CLI. What is there already stays. Debian packages that are missing are installed where that is allowed.
set -euo pipefail
cd "$(dirname "$0")"

moto=5.2.5
awscli=1.46.3
dynamodb=2.6.1

# The command, and the package that has it.
packages=()
need() { eval "$1" >/dev/null 2>&1 || packages+=("$2"); }
need 'python3 -c "import ensurepip, venv"' python3-venv
need 'java -version' default-jre-headless
need 'command -v mvn' maven
need 'command -v cmake' cmake
need 'command -v make' make
need 'command -v g++' g++
need 'command -v xz' xz-utils
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The system suite needs these packages first: ${packages[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

# A folder counts as installed once it is whole: it is made under another name.
into() {
  local folder=".tools/$1"
  shift
  [ -d "$folder" ] && return
  rm -rf .tools/new
  mkdir -p .tools/new
  "$@" .tools/new
  mv .tools/new "$folder"
}

# With pip's --target, for a venv can't be moved.
install_moto() {
  python3 -m venv .tools/venv
  .tools/venv/bin/pip install --quiet --disable-pip-version-check --target "$1" "moto[server]==$moto"
}

# For what docs/deploy.md shows; the one of PyPI, whose commands are those of version 2.
install_awscli() {
  .tools/venv/bin/pip install --quiet --disable-pip-version-check --target "$1" "awscli==$awscli"
}

install_dynamodb() {
  mvn -q -B -f pom.xml "-Ddynamodb=$dynamodb" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies "-DoutputDirectory=$PWD/$1"
}

into "moto-$moto" install_moto
into "awscli-$awscli" install_awscli
into "dynamodb-$dynamodb" install_dynamodb
[ -f node_modules/aws-lambda-ric/rapid-client.node ] || npm ci --no-audit --no-fund --loglevel=error
echo 'The system suite has its tools.'
