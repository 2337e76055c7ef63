// From the words of a command line to a server's options: files are read, ranges parsed, and what does
// not fit together is named.
#pragma once

#include <string>
#include <vector>

#include "reference/apiserver/server.h"
#include "reference/base/status.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

// Flags by upstream's names; files as paths.
struct CommandLine {
  std::vector<std::string> etcd_servers;
  std::string etcd_ca;
  std::string etcd_certificate;
  std::string etcd_key;
  std::string bind_address = "127.0.0.1";
  int secure_port = 6443;
  std::string advertise_address;
  std::string certificate;  // with `key` empty, too: cleartext
  std::string key;
  std::string client_ca;
  std::string issuer;
  std::vector<std::string> service_account_keys;
  std::string signing_key;
  std::vector<std::string> audiences;
  std::string service_range = "10.96.0.0/16";
  std::string node_port_range = "30000-32767";
  std::vector<std::string> authorization_modes = {"Node", "RBAC"};
  std::string token_file;
  bool anonymous = true;
  int max_in_flight = 600;
};

// kInvalidArgument in one line: the flag and what is wrong with it.
Result<ServerOptions> ReadOptions(const CommandLine& line, runtime::Disk& disk);

}  // namespace kp::apiserver
