// Programs that others wrote, as clients of our servers: curl, where it is installed.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "reference/transport/http.h"
#include "reference/transport/test_stage.h"

extern char** environ;

namespace kp::transport {
namespace {

using Mode = TlsOptions::Mode;

class Curl : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/bin/curl")) GTEST_SKIP() << "curl is not installed";
    folder = std::filesystem::temp_directory_path() / ("kp-curl-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void Serve(TlsOptions tls) {
    server = std::move(*HttpServer::Create(stage.server(), {.tls = std::move(tls), .max_body = 100'000},
                                           [](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
                                             if (request.method == "GET") {
                                               responder->Start(200, {});
                                               responder->Write(wire::Share(request.path + " "));
                                               responder->Write(wire::Share(request.peer.common_name));
                                               return responder->End();
                                             }
                                             responder->Send(200, {}, std::to_string(request.body.size()));
                                           }));
    ASSERT_TRUE(server->Listen(stage.AnyPort()).ok());
  }

  std::string Keep(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return folder / name;
  }

  // "HTTP version, status: body" of one call.
  std::string Run(std::vector<std::string> arguments) {
    const std::string out = folder / "out";
    arguments.insert(arguments.begin(),
                     {"curl", "-sS", "--max-time", "10", "-o", out, "-w", "%{stderr}%{http_version} %{http_code}"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string log = folder / "log";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), 01101, 0600);
    pid_t pid = 0;
    // tidy: allow process, because an independent client is the point here
    EXPECT_EQ(posix_spawn(&pid, "/usr/bin/curl", &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    // The loop sleeps until something happens; a child's end is nothing it knows.
    std::function<void()> wake = [this, &wake] { tick.Start(5ms, wake); };
    wake();
    EXPECT_TRUE(stage.Until([pid] { return waitpid(pid, nullptr, WNOHANG) == pid; }, 15s));
    tick.Stop();
    return Read(log) + ": " + Read(out);
  }

  static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  Stage stage{{"posix", Mode::kTls, true}};
  runtime::Timer tick{stage.client()};
  std::filesystem::path folder;
  std::unique_ptr<HttpServer> server;
};

TEST_F(Curl, SpeaksBothVersionsInCleartext) {
  Serve({});
  const std::string url = "http://" + server->Address() + "/a";
  EXPECT_EQ(Run({url}), "1.1 200: /a ");
  EXPECT_EQ(Run({"--http2-prior-knowledge", url}), "2 200: /a ");
  EXPECT_EQ(Run({"--http2", url}), "1.1 200: /a ") << "an upgrade offer is not taken";
  EXPECT_EQ(Run({"-I", url}), "1.1 200: HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n");
}

TEST_F(Curl, SpeaksBothVersionsOverTlsWithACertificate) {
  Serve(stage.ServerTls());
  const TlsOptions own = stage.ClientTls();
  const std::vector<std::string> common = {"--cacert",
                                           Keep("ca", own.ca_pem),
                                           "--cert",
                                           Keep("cert", own.certificate_pem),
                                           "--key",
                                           Keep("key", own.key_pem),
                                           "https://" + server->Address() + "/b"};
  for (const auto& [flag, version] : {std::pair{"--http1.1", "1.1"}, std::pair{"--http2", "2"}}) {
    std::vector<std::string> arguments = common;
    arguments.push_back(flag);
    EXPECT_EQ(Run(arguments), std::string(version) + " 200: /b jane");
  }
}

TEST_F(Curl, UploadsAndIsRefused) {
  Serve({});
  const std::string url = "http://" + server->Address() + "/";
  const std::string small = Keep("small", std::string(90'000, 'x'));
  const std::string large = Keep("large", std::string(5'000'000, 'x'));
  for (const char* flag : {"--http1.1", "--http2-prior-knowledge"}) {
    EXPECT_TRUE(Run({flag, "-T", small, url}).ends_with(" 200: 90000")) << flag;
    const std::string refused = Run({flag, "-T", large, url});
    EXPECT_NE(refused.find(" 413: "), std::string::npos) << refused;
    EXPECT_NE(Run({flag, "-H", "Expect:", "-H", "Transfer-Encoding: chunked", "-T", large, url}).find(" 413: "),
              std::string::npos)
        << flag;
  }
}

}  // namespace
}  // namespace kp::transport
