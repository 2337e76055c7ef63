// For unit tests: a server over the store in memory, and a client that calls it without a network.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/api/json.h"
#include "reference/apiserver/fake_etcd.h"
#include "reference/apiserver/server.h"
#include "reference/apiserver/test_env.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

// Keeps what it is sent.
class FakeResponder : public transport::HttpResponder {
 public:
  void Send(int code, transport::Headers fields, std::string text) override {
    status = code;
    headers = std::move(fields);
    body = std::move(text);
    ended = true;
  }
  void Start(int code, transport::Headers fields) override {
    status = code;
    headers = std::move(fields);
  }
  void Write(transport::SharedBytes bytes) override { body += *bytes; }
  void End() override { ended = true; }
  size_t BufferedBytes() const override { return buffered; }
  void OnClosed(std::function<void()> on_closed) override { on_closed_ = std::move(on_closed); }
  bool closed() const override { return false; }
  void Disconnect() { on_closed_(); }

  api::Value Json() const { return api::ParseJson(body).status().ok() ? *api::ParseJson(body) : api::Value(); }
  // The events of a watch.
  std::vector<api::Value> Events() const {
    std::vector<api::Value> out;
    for (std::string_view line : Split(body, '\n')) {
      if (!line.empty()) out.push_back(*api::ParseJson(line));
    }
    return out;
  }

  int status = 0;
  transport::Headers headers;
  std::string body;
  bool ended = false;
  size_t buffered = 0;

 private:
  std::function<void()> on_closed_;
};

class TestServer {
 public:
  explicit TestServer(ServerOptions options = {}) {
    auto fake = std::make_unique<FakeEtcd>(env);
    store = fake.get();
    server = std::move(*Server::CreateOver(env, options, std::move(fake)));
    server->Start([] {});
    env.Run(1s);
    CHECK(server->ready()) << "the server does not come up: " << (env.log.empty() ? "" : env.log.back());
  }

  using Reply = std::shared_ptr<FakeResponder>;

  // Starts a request without waiting for the answer.
  Reply Send(const std::string& method, const std::string& target, const std::string& body = "",
             transport::Headers headers = {}) {
    transport::HttpRequest request{.method = method, .target = target, .headers = std::move(headers), .body = body};
    const size_t question = target.find('?');
    request.path = *PercentDecode(target.substr(0, question), false);
    if (question != std::string::npos) {
      for (std::string_view pair : Split(std::string_view(target).substr(question + 1), '&')) {
        const size_t equals = pair.find('=');
        request.query.emplace_back(
            *PercentDecode(pair.substr(0, equals), true),
            equals == std::string_view::npos ? "" : *PercentDecode(pair.substr(equals + 1), true));
      }
    }
    request.peer = peer;
    auto reply = std::make_shared<FakeResponder>();
    server->Handle(std::move(request), reply);
    return reply;
  }
  Reply Do(const std::string& method, const std::string& target, const std::string& body = "",
           transport::Headers headers = {}) {
    Reply reply = Send(method, target, body, std::move(headers));
    env.Run();
    return reply;
  }
  Reply Patch(const std::string& target, const std::string& body, const std::string& type = "merge-patch") {
    return Do("PATCH", target, body, {{"content-type", "application/" + type + "+json"}});
  }

  TestEnv env;
  FakeEtcd* store = nullptr;
  transport::PeerIdentity peer{.verified = true, .common_name = "admin", .organizations = {"system:masters"}};
  std::unique_ptr<Server> server;
};

}  // namespace kp::apiserver
