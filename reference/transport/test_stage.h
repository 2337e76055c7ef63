// Where transport tests play: on both Envs, with every kind of protection.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "reference/runtime/posix/posix_env.h"
#include "reference/runtime/sim/world.h"
#include "reference/transport/http.h"
#include "reference/wire/certificates.h"

namespace kp::transport {

struct StageParameter {
  const char* env;  // "posix" or "sim"
  TlsOptions::Mode mode;
  bool http2;
};

inline std::ostream& operator<<(std::ostream& out, const StageParameter& parameter) {
  static constexpr const char* kModes[] = {"clear", "tls", "pass-through"};
  return out << parameter.env << " " << kModes[static_cast<int>(parameter.mode)] << " "
             << (parameter.http2 ? "http2" : "http1");
}

// A client process and a server process that reach each other, with credentials for both.
class Stage {
 public:
  explicit Stage(const StageParameter& parameter, uint64_t seed = 1, std::string authority = "ca")
      : mode_(parameter.mode), authority_name_(std::move(authority)) {
    if (parameter.env == std::string("posix")) {
      posix_ = std::make_unique<runtime::posix::PosixEnv>(
          runtime::posix::PosixOptions{.name = "test", .seed = seed, .least_severity = runtime::Severity::kError});
    } else {
      world_ = std::make_unique<runtime::sim::World>(runtime::sim::WorldOptions{.seed = seed});
      world_->Spawn("client", "10.0.0.1");
      world_->Spawn("server", "10.0.0.2");
    }
    host_ = posix_ ? "127.0.0.1" : "10.0.0.2";
  }

  runtime::Env& client() { return posix_ ? static_cast<runtime::Env&>(*posix_) : world_->env("client"); }
  runtime::Env& server() { return posix_ ? static_cast<runtime::Env&>(*posix_) : world_->env("server"); }
  runtime::sim::World* world() { return world_.get(); }
  std::string AnyPort() const { return host_ + ":0"; }
  bool Until(const std::function<bool()>& done, Duration budget = 10s) {
    return (posix_ ? posix_->RunUntil(done, budget) : world_->RunUntil(done, budget)).ok();
  }

  TlsOptions ServerTls() {
    if (mode_ == TlsOptions::Mode::kNone) return {};
    const wire::Credential own = Sign({.common_name = "server", .names = {host_}, .server = true});
    return {.mode = mode_,
            .certificate_pem = own.certificate_pem,
            .key_pem = own.key_pem,
            .ca_pem = authority().certificate_pem};
  }
  TlsOptions ClientTls(const std::string& name = "jane") {
    if (mode_ == TlsOptions::Mode::kNone) return {};
    const wire::Credential own = Sign({.common_name = name, .organizations = {"dev", "ops"}, .client = true});
    return {.mode = mode_,
            .certificate_pem = own.certificate_pem,
            .key_pem = own.key_pem,
            .ca_pem = authority().certificate_pem};
  }

 private:
  WallTime start() { return client().Wall() - 1h; }

  const wire::Credential& authority() {
    if (authority_.certificate_pem.empty()) {
      authority_ = plain() ? wire::MakePlainAuthority(authority_name_, start(), start() + 24h)
                           : wire::MakeAuthority(authority_name_, start(), start() + 24h);
    }
    return authority_;
  }
  wire::Credential Sign(wire::CertificateRequest request) {
    request.not_before = start();
    request.not_after = start() + 24h;
    return plain() ? wire::MakePlainCertificate(authority(), request) : *wire::MakeCertificate(authority(), request);
  }
  bool plain() const { return mode_ == TlsOptions::Mode::kPassThrough; }

  const TlsOptions::Mode mode_;
  const std::string authority_name_;
  std::unique_ptr<runtime::posix::PosixEnv> posix_;
  std::unique_ptr<runtime::sim::World> world_;
  std::string host_;
  wire::Credential authority_;
};

}  // namespace kp::transport
