// The store as a process: Debian's etcdctl against it, three members, kills, and errors at the start.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "bindings/cli/commands.h"
#include "bindings/cli/dispatch.h"
#include "reference/client/etcd.h"
#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {
namespace {

namespace fs = std::filesystem;

// A port that was free a moment ago.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// Reads until the end of the stream or until `stop` says enough.
std::string ReadAll(int fd, const std::function<bool(const std::string&)>& stop = nullptr) {
  std::string text;
  char buffer[4096];
  pollfd wait{fd, POLLIN, 0};
  while (!(stop && stop(text)) && poll(&wait, 1, 10000) > 0) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

// A child that runs a command of ours, or another program; ends with this object.
class Child {
 public:
  Child(std::vector<std::string> arguments, const char* program) {
    int output[2];
    EXPECT_EQ(pipe2(output, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(output[1], 1);
      dup2(output[1], 2);
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      if (program == nullptr) {
        const int code = Dispatch(static_cast<int>(arguments.size()), argv.data());
        std::fflush(stdout);
        _exit(code);
      }
      execv(program, argv.data());
      _exit(127);
    }
    close(output[1]);
    output_ = output[0];
  }
  ~Child() {
    Kill();
    close(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::string WaitFor(const std::string& text) {
    return ReadAll(output_, [&](const std::string& seen) { return seen.find(text) != std::string::npos; });
  }
  std::string Output() { return ReadAll(output_); }
  int ExitCode() {
    int status = 0;
    if (pid_ > 0) waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    ExitCode();
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

std::unique_ptr<Child> Store(std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"kubeproof", "store", "--die-with-parent"});
  return std::make_unique<Child>(flags, nullptr);
}

class StoreProcess : public ::testing::Test {
 protected:
  StoreProcess() {
    std::string name = (fs::temp_directory_path() / "kp-store-XXXXXX").string();
    dir_ = mkdtemp(name.data());
  }
  ~StoreProcess() override { fs::remove_all(dir_); }

  // One member of its own; clients_ is its address.
  std::unique_ptr<Child> Single() {
    if (port_ == 0) port_ = FreePort();
    clients_ = "127.0.0.1:" + std::to_string(port_);
    auto store = Store({"--name=a", "--data-dir=" + (dir_ / "a").string(), "--listen-client-urls=http://" + clients_});
    EXPECT_NE(store->WaitFor("serving clients").find(clients_), std::string::npos);
    return store;
  }
  std::string Ctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"etcdctl", "--endpoints=" + clients_});
    return Child(arguments, "/usr/bin/etcdctl").Output();
  }
  fs::path FirstSegment() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(dir_ / "a")) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      if (file.extension() == ".wal") return file;
    }
    return {};
  }

  fs::path dir_;
  int port_ = 0;
  std::string clients_;
};

class Etcdctl : public StoreProcess {
 protected:
  void SetUp() override {
    if (!fs::exists("/usr/bin/etcdctl")) GTEST_SKIP() << "not run: etcdctl is not installed (etcd-client)";
    store_ = Single();
  }
  std::unique_ptr<Child> store_;
};

TEST_F(Etcdctl, PutGetDelete) {
  EXPECT_EQ(Ctl({"put", "a", "1"}), "OK\n");
  EXPECT_EQ(Ctl({"put", "ab", "2"}), "OK\n");
  EXPECT_EQ(Ctl({"get", "a", "--prefix"}), "a\n1\nab\n2\n");
  EXPECT_EQ(Ctl({"get", "a", "--prefix", "--limit=1", "--order=DESCEND", "--print-value-only"}), "2\n");
  EXPECT_EQ(Ctl({"del", "a", "--prev-kv"}), "1\na\n1\n");
  EXPECT_EQ(Ctl({"get", "a", "--rev=2"}), "a\n1\n");
  EXPECT_EQ(Ctl({"compaction", "3"}), "compacted revision 3\n");
  EXPECT_NE(Ctl({"get", "a", "--rev=2"}).find("etcdserver: mvcc: required revision has been compacted"),
            std::string::npos);
}

TEST_F(Etcdctl, Txn) {
  std::ofstream(dir_ / "txn") << "create(\"k\") = \"0\"\n\nput k new\nget k\n\nget k\n\n";
  const std::string command =
      "ETCDCTL_API=3 /usr/bin/etcdctl --endpoints=" + clients_ + " txn < " + (dir_ / "txn").string();
  EXPECT_EQ(Child({"sh", "-c", command}, "/bin/sh").Output(), "SUCCESS\n\nOK\n\nk\nnew\n");
  EXPECT_EQ(Child({"sh", "-c", command}, "/bin/sh").Output(), "FAILURE\n\nk\nnew\n");
}

TEST_F(Etcdctl, Watch) {
  Ctl({"put", "k", "1"});
  Child watch({"etcdctl", "--endpoints=" + clients_, "watch", "k", "--rev=2", "--prev-kv"}, "/usr/bin/etcdctl");
  EXPECT_EQ(watch.WaitFor("1\n"), "PUT\nk\n1\n");
  Ctl({"put", "k", "2"});
  EXPECT_EQ(watch.WaitFor("2\n"), "PUT\nk\n1\nk\n2\n");
  Ctl({"del", "k"});
  EXPECT_EQ(watch.WaitFor("DELETE\nk\n2\nk\n"), "DELETE\nk\n2\nk\n\n");
}

TEST_F(Etcdctl, LeaseAndStatus) {
  const std::string granted = Ctl({"lease", "grant", "60"});
  ASSERT_EQ(granted.rfind("lease ", 0), 0U) << granted;
  const std::string id = granted.substr(6, 16);
  EXPECT_EQ(Ctl({"put", "k", "v", "--lease=" + id}), "OK\n");
  EXPECT_NE(Ctl({"lease", "timetolive", id, "--keys"}).find("attached keys([k])"), std::string::npos);
  EXPECT_NE(Ctl({"lease", "keep-alive", id, "--once"}).find("keepalived with TTL(60)"), std::string::npos);
  EXPECT_EQ(Ctl({"lease", "revoke", id}), "lease " + id + " revoked\n");
  EXPECT_EQ(Ctl({"get", "k"}), "");
  EXPECT_NE(Ctl({"endpoint", "status"}).find(", 3.4.0, "), std::string::npos);
  clients_ = "http://" + clients_;
  EXPECT_NE(Ctl({"endpoint", "status"}).find(", 3.4.0, "), std::string::npos) << "the URL becomes the :authority";
  EXPECT_NE(Ctl({"endpoint", "health"}).find("is healthy"), std::string::npos);
  EXPECT_NE(Ctl({"member", "list"}).find(", started, a, "), std::string::npos);
}

TEST_F(Etcdctl, AcknowledgedWritesSurviveAKill) {
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Ctl({"put", "k" + std::to_string(i), "v"}), "OK\n");
  store_->Kill();
  store_ = Single();
  EXPECT_EQ(Ctl({"get", "k", "--prefix", "--print-value-only"}), "v\nv\nv\nv\nv\n");
}

TEST_F(StoreProcess, ThreeMembersSurviveTheLossOfOne) {
  if (!fs::exists("/usr/bin/etcdctl")) GTEST_SKIP() << "not run: etcdctl is not installed (etcd-client)";
  std::string cluster;
  std::string addresses[3];
  std::string peers[3];
  for (int i = 0; i < 3; ++i) {
    peers[i] = "http://127.0.0.1:" + std::to_string(FreePort());
    addresses[i] = "127.0.0.1:" + std::to_string(FreePort());
    cluster += (i > 0 ? ",m" : "m") + std::to_string(i) + "=" + peers[i];
  }
  std::unique_ptr<Child> members[3];
  for (int i = 0; i < 3; ++i) {
    const std::string name = "m" + std::to_string(i);
    members[i] =
        Store({"--name=" + name, "--data-dir=" + (dir_ / name).string(), "--listen-client-urls=http://" + addresses[i],
               "--listen-peer-urls=" + peers[i], "--initial-advertise-peer-urls=" + peers[i],
               "--initial-cluster=" + cluster, "--election-timeout-profile=roadmap"});
  }
  for (auto& member : members) member->WaitFor("serving clients");
  for (int i = 0; i < 3; ++i) {
    clients_ = addresses[i];
    EXPECT_EQ(Ctl({"put", "k" + std::to_string(i), "v"}), "OK\n");
  }
  members[0]->Kill();
  clients_ = addresses[1];
  EXPECT_EQ(Ctl({"put", "after", "v"}), "OK\n");
  clients_ = addresses[2];
  EXPECT_EQ(Ctl({"get", "", "--prefix", "--keys-only"}), "after\n\nk0\n\nk1\n\nk2\n\n");
}

TEST_F(StoreProcess, WrongFlagsAreUsageErrors) {
  auto unknown = Store({"--no-such-flag"});
  EXPECT_EQ(unknown->Output(), "kubeproof store: unknown flag --no-such-flag\n");
  EXPECT_EQ(unknown->ExitCode(), kUsage);
  auto profile = Store({"--election-timeout-profile=fast"});
  EXPECT_EQ(profile->Output(), "kubeproof store: --election-timeout-profile: want etcd or roadmap, got \"fast\"\n");
  EXPECT_EQ(profile->ExitCode(), kUsage);
}

TEST_F(StoreProcess, PortInUseIsOneLine) {
  const auto first = Single();
  auto second = Store({"--data-dir=" + (dir_ / "b").string(), "--listen-client-urls=http://" + clients_});
  EXPECT_EQ(second->Output(), "kubeproof store: listen " + clients_ + ": address already in use\n");
  EXPECT_EQ(second->ExitCode(), kEnvironment);
}

TEST_F(StoreProcess, DamagedLogNamesFileAndOffset) {
  if (!fs::exists("/usr/bin/etcdctl")) GTEST_SKIP() << "not run: etcdctl is not installed (etcd-client)";
  auto store = Single();
  for (int i = 0; i < 5; ++i) Ctl({"put", "k", "some value"});
  store->Kill();
  const fs::path segment = FirstSegment();
  ASSERT_FALSE(segment.empty());
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(60);
  file.put('\xee');
  file.close();
  auto again = Store({"--name=a", "--data-dir=" + (dir_ / "a").string(), "--listen-client-urls=http://" + clients_});
  const std::string message = again->Output();
  EXPECT_NE(message.find(segment.filename().string() + " offset "), std::string::npos) << message;
  EXPECT_EQ(again->ExitCode(), kEnvironment);
}

TEST_F(StoreProcess, FolderThatIsNoneIsRefused) {
  std::ofstream(dir_ / "file") << "x";
  auto store = Store({"--data-dir=" + (dir_ / "file").string(), "--listen-client-urls=http://127.0.0.1:0"});
  EXPECT_NE(store->Output().find((dir_ / "file").string()), std::string::npos);
  EXPECT_EQ(store->ExitCode(), kEnvironment);
}

struct Events : client::EtcdWatchHandler {
  void OnEvents(int64_t, const std::vector<client::EtcdEvent>& more) override {
    all.insert(all.end(), more.begin(), more.end());
  }
  void OnEnd(const Status& reason, int64_t compacted) override {
    ended = reason;
    compact_revision = compacted;
  }
  std::vector<client::EtcdEvent> all;
  std::optional<Status> ended;
  int64_t compact_revision = 0;
};

// Our client on the server that it imitates.
TEST_F(StoreProcess, ClientWorksOnStockEtcd) {
  if (!fs::exists("/usr/bin/etcd")) GTEST_SKIP() << "not run: etcd is not installed (etcd-server)";
  const std::string address = "127.0.0.1:" + std::to_string(FreePort());
  const std::string peer = "http://127.0.0.1:" + std::to_string(FreePort());
  Child etcd({"etcd", "--data-dir=" + (dir_ / "etcd").string(), "--listen-client-urls=http://" + address,
              "--advertise-client-urls=http://" + address, "--listen-peer-urls=" + peer,
              "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer},
             "/usr/bin/etcd");
  etcd.WaitFor("serving insecure client requests");
  runtime::posix::PosixEnv env({.name = "client", .least_severity = runtime::Severity::kError});
  const auto client = *client::EtcdClient::Create(env, {.endpoints = {address}});
  std::optional<Result<client::EtcdWriteResult>> written;
  const auto write = [&](const client::EtcdGuardedWrite& guarded) {
    written.reset();
    client->Write(guarded, [&](Result<client::EtcdWriteResult> result) { written = std::move(result); });
    EXPECT_TRUE(env.RunUntil([&] { return written.has_value(); }, 15s).ok());
    return written && written->ok() ? **written : client::EtcdWriteResult();
  };
  EXPECT_EQ(write({.key = "k", .value = "1"}).revision, 2);
  EXPECT_EQ(write({.key = "k", .value = "2"}).current->value, "1");
  Events events;
  const auto watch = client->Watch({.key = "k", .start_revision = 2}, &events);
  EXPECT_TRUE(write({.key = "k", .expected_revision = 2, .value = "2"}).succeeded);
  EXPECT_TRUE(write({.key = "k", .expected_revision = 3}).succeeded);
  ASSERT_TRUE(env.RunUntil([&] { return events.all.size() == 3; }, 5s).ok());
  EXPECT_EQ(events.all[1].previous->value, "1");
  EXPECT_TRUE(events.all[2].is_delete);
  std::optional<Status> compacted;
  client->Compact(4, [&](const Status& status) { compacted = status; });
  ASSERT_TRUE(env.RunUntil([&] { return compacted.has_value(); }, 5s).ok());
  Events late;
  const auto old = client->Watch({.key = "k", .start_revision = 2}, &late);
  ASSERT_TRUE(env.RunUntil([&] { return late.ended.has_value(); }, 5s).ok());
  EXPECT_EQ(late.ended->code(), Code::kOutOfRange);
  EXPECT_EQ(late.compact_revision, 4);
}

// The folder's care: what a flipped bit does to it, and what repair-tail makes of that.
TEST_F(StoreProcess, FolderIsShownVerifiedAndRepaired) {
  const std::string folder = "--data-dir=" + (dir_ / "a").string();
  const auto store = [&](const char* verb) {
    auto child = std::make_unique<Child>(std::vector<std::string>{"kubeproof", "store", verb, folder}, nullptr);
    std::string output = child->Output();
    return std::pair(child->ExitCode(), output);
  };
  EXPECT_EQ(store("verify").first, kEnvironment) << "no folder";
  {
    auto member = Single();
    runtime::posix::PosixEnv env({.name = "client", .least_severity = runtime::Severity::kError});
    const auto client = *client::EtcdClient::Create(env, {.endpoints = {clients_}});
    for (const char* key : {"one", "two"}) {
      std::optional<Result<int64_t>> written;
      client->Put(key, "value", 0, [&](Result<int64_t> revision) { written = std::move(revision); });
      ASSERT_TRUE(env.RunUntil([&] { return written.has_value(); }, 5s).ok());
    }
  }
  const auto [good, words] = store("verify");
  EXPECT_EQ(good, kPass) << words;
  EXPECT_NE(words.find("good: term "), std::string::npos) << words;
  EXPECT_NE(store("dump").second.find("put \"two\" 5 bytes"), std::string::npos) << store("dump").second;
  EXPECT_EQ(store("repair-tail").second, "nothing to repair\n");

  // In the last write, which holds "two".
  std::string bytes;
  {
    std::ifstream in(FirstSegment(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const size_t at = bytes.rfind("two");
  ASSERT_NE(at, std::string::npos);
  bytes[at] ^= 1;
  std::ofstream(FirstSegment(), std::ios::binary) << bytes;
  const auto [damaged, why] = store("verify");
  EXPECT_EQ(damaged, kFailures);
  EXPECT_NE(why.find("record checksum mismatch (in the last write"), std::string::npos) << why;
  EXPECT_EQ(store("repair-tail").first, kPass);
  EXPECT_EQ(store("verify").first, kPass) << store("verify").second;
  EXPECT_EQ(store("dump").second.find("put \"two\""), std::string::npos);
}

}  // namespace
}  // namespace kp::cli
