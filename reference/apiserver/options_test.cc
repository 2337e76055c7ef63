#include "reference/apiserver/options.h"

#include <gtest/gtest.h>

#include <map>

namespace kp::apiserver {
namespace {

class FilesOnly : public runtime::Disk {
 public:
  std::map<std::string, std::string> files;

  Result<std::string> ReadAll(const std::string& path) override {
    const auto it = files.find(path);
    if (it == files.end()) return Status(Code::kNotFound, "open " + path + ": no such file or directory");
    return it->second;
  }
  Result<std::unique_ptr<runtime::File>> Open(const std::string&, OpenMode) override { return Unused(); }
  void WriteAtomically(const std::string&, std::string, Completion<Status> done) override { done(Unused()); }
  Status Rename(const std::string&, const std::string&) override { return Unused(); }
  Status Remove(const std::string&) override { return Unused(); }
  Status MakeDirectories(const std::string&) override { return Unused(); }
  Result<std::vector<std::string>> List(const std::string&) override { return Unused(); }
  bool Exists(const std::string& path) override { return files.contains(path); }
  void SyncDirectory(const std::string&, Completion<Status> done) override { done(Unused()); }

 private:
  static Status Unused() { return Status(Code::kUnimplemented, "reads only"); }
};

CommandLine GoodLine() {
  CommandLine line;
  line.etcd_servers = {"http://10.0.0.5:2379", "http://10.0.0.6:2379"};
  line.issuer = "https://x";
  line.signing_key = "sa.key";
  return line;
}

FilesOnly GoodFiles() {
  FilesOnly disk;
  disk.files = {
      {"sa.key", "KEY"},      {"a.crt", "CERT"}, {"a.key", "KEY"}, {"empty", ""}, {"tokens", "t,u,1,\"a,b\"\n"},
      {"bad-tokens", "t,u\n"}};
  return disk;
}

TEST(Options, ReadsWhatItIsGiven) {
  CommandLine line = GoodLine();
  line.certificate = "a.crt";
  line.key = "a.key";
  line.token_file = "tokens";
  FilesOnly disk = GoodFiles();
  const auto options = ReadOptions(line, disk);
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->store.endpoints, (std::vector<std::string>{"10.0.0.5:2379", "10.0.0.6:2379"}));
  EXPECT_EQ(options->tls.certificate_pem, "CERT");
  EXPECT_EQ(options->authentication.service_account_keys, std::vector<std::string>{"KEY"});
  EXPECT_EQ(options->authentication.tokens.at("t").groups,
            (std::vector<std::string>{"a", "b", "system:authenticated"}));
}

TEST(Options, NamesTheFlagThatIsWrong) {
  struct Case {
    std::function<void(CommandLine&)> spoil;
    std::string message;
  };
  const Case cases[] = {
      {[](CommandLine& l) { l.etcd_servers.clear(); }, "--etcd-servers: at least one endpoint is needed"},
      {[](CommandLine& l) { l.etcd_servers = {"x"}; }, "--etcd-servers: want http(s)://host:port, got \"x\""},
      {[](CommandLine& l) { l.etcd_servers.push_back("https://a:1"); },
       "--etcd-servers: http and https cannot be mixed"},
      {[](CommandLine& l) { l.issuer = ""; },
       "--service-account-issuer: an issuer of service account tokens is needed"},
      {[](CommandLine& l) { l.signing_key = ""; },
       "--service-account-signing-key-file: a key to sign service account tokens with is needed"},
      {[](CommandLine& l) { l.signing_key = "none"; },
       "--service-account-signing-key-file: open none: no such file or directory"},
      {[](CommandLine& l) { l.signing_key = "empty"; }, "--service-account-signing-key-file: empty is empty"},
      {[](CommandLine& l) { l.certificate = "a.crt"; },
       "--tls-private-key-file: certificate and key must be given together"},
      {[](CommandLine& l) { l.client_ca = "a.crt"; },
       "--client-ca-file: needs --tls-cert-file and --tls-private-key-file"},
      {[](CommandLine& l) { l.token_file = "bad-tokens"; }, "--token-auth-file: line 1: want token,user,uid[,groups]"},
      {[](CommandLine& l) { l.secure_port = 70000; }, "--secure-port: 70000 is no port"},
      {[](CommandLine& l) { l.authorization_modes = {"ABAC"}; },
       "--authorization-mode: \"ABAC\" is none of Node, RBAC, AlwaysAllow, AlwaysDeny"},
      {[](CommandLine& l) { l.service_range = "10.0.0.0/8"; },
       "--service-cluster-ip-range: \"10.0.0.0/8\" is too large: the mask must be /12 or longer"},
      {[](CommandLine& l) { l.service_range = "10.0.0.0/16"; },
       "--service-cluster-ip-range: 10.0.0.0/16 holds the store's own address 10.0.0.5:2379"},
      {[](CommandLine& l) { l.service_range = "10.0.0"; }, "--service-cluster-ip-range: \"10.0.0\" is no CIDR range"},
      {[](CommandLine& l) { l.node_port_range = "9-1"; }, "--service-node-port-range: want FIRST-LAST, got \"9-1\""},
  };
  FilesOnly disk = GoodFiles();
  for (const Case& c : cases) {
    CommandLine line = GoodLine();
    c.spoil(line);
    EXPECT_EQ(ReadOptions(line, disk).status().message(), c.message);
  }
}

}  // namespace
}  // namespace kp::apiserver
