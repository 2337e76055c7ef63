#include "reference/wire/tls.h"

#include <gtest/gtest.h>

#include "reference/wire/certificates.h"
#include "reference/wire/jwt.h"
#include "reference/wire/seeded_crypto.h"

namespace kp::wire {
namespace {

const WallTime kStart = *ParseRfc3339("2025-01-01T00:00:00Z");
const WallTime kEnd = *ParseRfc3339("2026-01-01T00:00:00Z");
const WallTime kNow = *ParseRfc3339("2025-06-01T00:00:00Z");

class Tls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    authority = new Credential(MakeAuthority("kubernetes-ca", kStart, kEnd));
    server = new Credential(*MakeCertificate(*authority, {.common_name = "kube-apiserver",
                                                          .names = {"127.0.0.1", "kubernetes.default"},
                                                          .server = true,
                                                          .not_before = kStart,
                                                          .not_after = kEnd}));
    client = new Credential(*MakeCertificate(*authority, {.common_name = "kubernetes-admin",
                                                          .organizations = {"system:masters", "dev"},
                                                          .client = true,
                                                          .not_before = kStart,
                                                          .not_after = kEnd}));
  }

  static TlsParameters ServerParameters() {
    return {.certificate_pem = server->certificate_pem,
            .key_pem = server->key_pem,
            .ca_pem = authority->certificate_pem,
            .alpn = {"h2", "http/1.1"}};
  }
  static TlsParameters ClientParameters() {
    return {.certificate_pem = client->certificate_pem,
            .key_pem = client->key_pem,
            .ca_pem = authority->certificate_pem,
            .alpn = {"http/1.1", "h2"}};
  }

  struct Outcome {
    Status client;
    Status server;
    std::unique_ptr<TlsSession> client_session;
    std::unique_ptr<TlsSession> server_session;
  };

  static Outcome Handshake(const TlsParameters& server_parameters, const TlsParameters& client_parameters,
                           const std::string& host = "127.0.0.1", WallTime now = kNow) {
    Outcome o;
    o.server_session = TlsSession::Server(*TlsConfig::Server(server_parameters), now);
    o.client_session = TlsSession::Client(*TlsConfig::Client(client_parameters), host, now);
    for (int i = 0; i < 10; ++i) {
      o.client = o.client_session->Handshake();
      o.server_session->Feed(o.client_session->Output());
      o.client_session->ClearOutput();
      o.server = o.server_session->Handshake();
      o.client_session->Feed(o.server_session->Output());
      o.server_session->ClearOutput();
    }
    char buffer[100];
    o.client_session->Read(buffer, sizeof buffer);  // TLS 1.3: a refused client learns it here
    if (o.client.ok()) o.client = o.client_session->status();
    return o;
  }

  static Credential* authority;
  static Credential* server;
  static Credential* client;
};

Credential* Tls::authority;
Credential* Tls::server;
Credential* Tls::client;

TEST_F(Tls, HandshakeAgreesAndNamesThePeer) {
  Outcome o = Handshake(ServerParameters(), ClientParameters());
  ASSERT_TRUE(o.client.ok()) << o.client.ToString();
  ASSERT_TRUE(o.server.ok()) << o.server.ToString();
  EXPECT_EQ(o.client_session->Alpn(), "h2");
  CertificateSubject subject;
  ASSERT_TRUE(o.server_session->PeerSubject(&subject));
  EXPECT_EQ(subject.common_name, "kubernetes-admin");
  EXPECT_EQ(subject.organizations, (std::vector<std::string>{"system:masters", "dev"}));
}

TEST_F(Tls, CarriesBytesAndTheirEnd) {
  Outcome o = Handshake(ServerParameters(), ClientParameters());
  const std::string text(100000, 'x');
  o.client_session->Write(text);
  o.client_session->SendCloseNotify();
  o.server_session->Feed(o.client_session->Output());
  std::string seen;
  char buffer[5000];
  while (size_t size = o.server_session->Read(buffer, sizeof buffer)) seen.append(buffer, size);
  EXPECT_EQ(seen, text);
  EXPECT_TRUE(o.server_session->closed());
}

TEST_F(Tls, ClientRefusesStrangersAndWrongNames) {
  TlsParameters stranger = ClientParameters();
  stranger.ca_pem = MakeAuthority("other", kStart, kEnd).certificate_pem;
  EXPECT_EQ(Handshake(ServerParameters(), stranger).client.code(), Code::kUnauthenticated);
  EXPECT_EQ(Handshake(ServerParameters(), ClientParameters(), "10.0.0.1").client.code(), Code::kUnauthenticated);
  EXPECT_EQ(Handshake(ServerParameters(), ClientParameters(), "kubernetes.other").client.code(),
            Code::kUnauthenticated);
  EXPECT_TRUE(Handshake(ServerParameters(), ClientParameters(), "kubernetes.default").client.ok());
}

TEST_F(Tls, CertificatesAreJudgedAtTheGivenTime) {
  const Outcome late = Handshake(ServerParameters(), ClientParameters(), "127.0.0.1", kEnd + 1h);
  EXPECT_EQ(late.client.message(), "tls: certificate: certificate has expired");
}

TEST_F(Tls, ServerRefusesForeignAndMissingClientCertificates) {
  TlsParameters must = ServerParameters();
  must.require_client_certificate = true;
  TlsParameters anonymous = ClientParameters();
  anonymous.certificate_pem = anonymous.key_pem = "";
  EXPECT_EQ(Handshake(must, anonymous).server.code(), Code::kUnauthenticated);
  EXPECT_TRUE(Handshake(ServerParameters(), anonymous).server.ok());

  const Credential other = MakeAuthority("other", kStart, kEnd);
  const Credential forged = *MakeCertificate(
      other, {.common_name = "kubernetes-admin", .client = true, .not_before = kStart, .not_after = kEnd});
  TlsParameters foreign = ClientParameters();
  foreign.certificate_pem = forged.certificate_pem;
  foreign.key_pem = forged.key_pem;
  const Outcome o = Handshake(ServerParameters(), foreign);
  EXPECT_EQ(o.server.code(), Code::kUnauthenticated);
  EXPECT_EQ(o.client.code(), Code::kUnauthenticated) << o.client.ToString();
}

TEST_F(Tls, NoCommonProtocolEndsTheHandshake) {
  TlsParameters odd = ClientParameters();
  odd.alpn = {"spdy/1"};
  EXPECT_FALSE(Handshake(ServerParameters(), odd).server.ok());
}

TEST_F(Tls, UnreadableMaterialIsNamed) {
  TlsParameters bad = ServerParameters();
  bad.certificate_pem = "x";
  EXPECT_EQ(TlsConfig::Server(bad).status().message(), "certificate: no readable PEM block");
  bad = ServerParameters();
  bad.key_pem = "x";
  EXPECT_EQ(TlsConfig::Server(bad).status().message(), "key: no readable PEM block");
  bad = ServerParameters();
  bad.ca_pem = "x";
  EXPECT_EQ(TlsConfig::Server(bad).status().message(), "ca: no readable PEM block");
}

TEST_F(Tls, SameSeedSameBytes) {
  const auto run = [](uint64_t seed) {
    SeedCrypto(seed);
    Outcome o = Handshake(ServerParameters(), ClientParameters());
    o.client_session->Write("hello");
    std::string bytes(o.client_session->Output());
    bytes += MakeAuthority("ca", kStart, kEnd).certificate_pem;
    UnseedCrypto();
    return bytes;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(Jwt, SignsAndVerifies) {
  const std::string key = MakeKey();
  const auto signer = JwtSigner::Create(key);
  const std::string token = (*signer)->Sign(R"({"sub":"system:serviceaccount:default:web"})");
  const auto verifier = JwtVerifier::Create({*PublicKeyOf(MakeKey()), *PublicKeyOf(key)});
  auto claims = (*verifier)->Verify(token);
  ASSERT_TRUE(claims.ok()) << claims.status().ToString();
  EXPECT_EQ(*claims, R"({"sub":"system:serviceaccount:default:web"})");
}

TEST(Jwt, RefusesOtherKeysAndChangedTokens) {
  const std::string token = (*JwtSigner::Create(MakeKey()))->Sign(R"({"sub":"a"})");
  EXPECT_EQ((*JwtVerifier::Create({MakeKey()}))->Verify(token).status().code(), Code::kUnauthenticated);
  const auto verifier = JwtVerifier::Create({MakeKey()});
  for (const char* bad : {"", "a.b", "a.b.c", "eyJhIjoxfQ.e30.", "..", "eyJhbGciOiJub25lIn0.e30.AA"}) {
    EXPECT_FALSE((*verifier)->Verify(bad).ok()) << bad;
  }
}

TEST(PlainCertificate, RoundTrips) {
  const Credential ca = MakePlainAuthority("sim-ca", kStart, kEnd);
  const Credential leaf = MakePlainCertificate(ca, {.common_name = "system:node:node-1",
                                                    .organizations = {"system:nodes", "a b"},
                                                    .names = {"10.0.0.1"},
                                                    .client = true,
                                                    .not_before = kStart,
                                                    .not_after = kEnd});
  auto parsed = ParsePlainCertificate(leaf.certificate_pem);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->issuer, "sim-ca");
  EXPECT_EQ(parsed->subject.common_name, "system:node:node-1");
  EXPECT_EQ(parsed->subject.organizations, (std::vector<std::string>{"system:nodes", "a b"}));
  EXPECT_TRUE(parsed->subject.client);
  EXPECT_FALSE(parsed->subject.server);
  EXPECT_EQ(parsed->subject.not_after, kEnd);
}

}  // namespace
}  // namespace kp::wire
