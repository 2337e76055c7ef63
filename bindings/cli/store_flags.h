// The flags of `kubeproof store`: etcd's names, etcd's environment variables.
#pragma once

#include <string>

#include "bindings/cli/flags.h"
#include "reference/runtime/env.h"
#include "reference/store/server.h"

namespace kp::cli {

struct StoreFlags {
  store::ServerOptions options;
  std::string log_level = "info";
  int ready_fd = -1;
  bool die_with_parent = false;
  // For torture runs: see runtime::posix::VolatileDisk. SIGUSR2 then is the power cut.
  bool volatile_disk = false;

  void AddTo(Flags& flags);
  // After parsing: checks values and reads the files that they name. kInvalidArgument names the flag.
  Status Complete(runtime::Disk& disk);

 private:
  struct TlsFiles {
    std::string certificate;
    std::string key;
    std::string ca;
    bool require_client_certificate = false;
  };
  static void AddTls(Flags& flags, const std::string& prefix, TlsFiles* files);
  static Status ReadTls(runtime::Disk& disk, const std::string& prefix, const TlsFiles& files, bool wanted,
                        transport::TlsOptions* tls);
  Status SetTimes();
  Status SetSizes();
  Status SetCluster();

  TlsFiles client_;
  TlsFiles peer_;
  int heartbeat_ms_ = 0;  // 0: the profile's
  int election_ms_ = 0;
  std::string profile_ = "etcd";
  std::string cluster_state_ = "new";
  std::string snapshot_count_ = "100000";
  std::string wal_segment_kib_ = "16384";
  std::string catch_up_entries_ = "5000";
  std::string max_request_bytes_ = "1572864";
  std::string max_txn_ops_ = "128";
  std::string quota_ = "0";
  std::string progress_interval_ = "10m";
  std::string compaction_mode_ = "periodic";
  std::string compaction_retention_ = "0";
};

// What `kubeproof store --help` prints.
std::string_view StoreHelp();

}  // namespace kp::cli
