#include "bindings/cli/store_flags.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "reference/base/strings.h"
#include "reference/runtime/sim/world.h"

namespace kp::cli {
namespace {

class StoreFlagsTest : public ::testing::Test {
 protected:
  // "" when the flags are good.
  std::string Parse(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}) {
    Flags flags;
    store_.AddTo(flags);
    arguments.insert(arguments.begin(), "store");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    Status status = flags.Parse(static_cast<int>(argv.size()), argv.data());
    if (status.ok()) {
      status = flags.ParseEnvironment("ETCD_", [&](const std::string& name) {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
      });
    }
    if (status.ok()) status = store_.Complete(env_.disk());
    return status.message();
  }

  runtime::sim::World world_{{.seed = 1}};
  runtime::Env& env_ = world_.Spawn("store", "10.0.0.1");
  StoreFlags store_;
};

TEST_F(StoreFlagsTest, EnvironmentIsEtcdsAndFlagsWin) {
  EXPECT_EQ(Parse({"--name=flag"}, {{"ETCD_NAME", "environment"},
                                    {"ETCD_DATA_DIR", "/d"},
                                    {"ETCD_INITIAL_CLUSTER_STATE", "existing"},
                                    {"ETCD_MAX_TXN_OPS", "7"}}),
            "");
  EXPECT_EQ(store_.options.name, "flag");
  EXPECT_EQ(store_.options.data_dir, "/d");
  EXPECT_TRUE(store_.options.joins_existing);
  EXPECT_EQ(store_.options.max_txn_ops, 7U);
  EXPECT_EQ(Parse({}, {{"ETCD_SNAPSHOT_COUNT", "many"}}), "--snapshot-count: want a number, got \"many\"");
}

TEST_F(StoreFlagsTest, WhatMakesNoSenseIsNamed) {
  EXPECT_EQ(Parse({"--initial-cluster-state=old"}), "--initial-cluster-state: want new or existing, got \"old\"");
  store_ = {};
  EXPECT_EQ(Parse({"--auto-tls"}), "--auto-tls: not supported");
  EXPECT_EQ(Parse({"--force-new-cluster=true"}), "--force-new-cluster: not supported");
  EXPECT_EQ(Parse({"--auto-tls=false"}), "");
  EXPECT_EQ(Parse({"--auto-compaction-mode=never", "--auto-compaction-retention=1"}),
            "--auto-compaction-mode: want periodic or revision, got \"never\"");
  store_ = {};
  EXPECT_EQ(Parse({"--listen-client-urls=http://h:1,https://h:2"}), "--cert-file: needed for https URLs");
  EXPECT_EQ(Parse({"--listen-client-urls=https://h:1", "--cert-file=/no", "--key-file=/no", "--client-cert-auth"}),
            "--client-cert-auth: needs --trusted-ca-file");
}

TEST_F(StoreFlagsTest, NegativeQuotaIsNone) {
  EXPECT_EQ(Parse({"--quota-backend-bytes=-1"}), "");
  EXPECT_EQ(store_.options.quota_bytes, INT64_MAX);
}

// The manifest that ships is one that starts, but for its files.
TEST(StoreManifest, ItsFlagsAreFlags) {
  std::ifstream file("fixtures/manifests/store.yaml");
  ASSERT_TRUE(file.good());
  std::vector<std::string> arguments{"store"};
  for (std::string line; std::getline(file, line);) {
    std::string_view text = Trim(line);
    if (ConsumePrefix(text, "- --")) arguments.push_back("--" + std::string(text));
  }
  EXPECT_GT(arguments.size(), 15U);
  StoreFlags store;
  Flags flags;
  store.AddTo(flags);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  EXPECT_EQ(flags.Parse(static_cast<int>(argv.size()), argv.data()).message(), "");
  EXPECT_EQ(store.options.listen_metrics_urls, "http://127.0.0.1:2381");
}

}  // namespace
}  // namespace kp::cli
