#include "reference/wire/tls.h"

#include <algorithm>

#include "reference/wire/openssl.h"

namespace kp::wire {

namespace {

std::string EntryText(const X509_NAME_ENTRY* entry) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

CertificateSubject SubjectOf(const X509* certificate) {
  CertificateSubject subject;
  const X509_NAME* name = X509_get_subject_name(certificate);
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_commonName) subject.common_name = EntryText(entry);
    if (kind == NID_organizationName) subject.organizations.push_back(EntryText(entry));
  }
  return subject;
}

// The form of RFC 7301: each name after its length.
std::string AlpnWire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    wire.push_back(static_cast<char>(name.size()));
    wire += name;
  }
  return wire;
}

// Server: our first name that the client offers. None in common ends the handshake (RFC 7301 3.2).
int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
               void* names) {
  for (const std::string& ours : *static_cast<const std::vector<std::string>*>(names)) {
    for (unsigned i = 0; i < in_size; i += 1u + in[i]) {
      const std::string_view theirs(reinterpret_cast<const char*>(in + i + 1), in[i]);
      if (theirs != ours) continue;
      *out = in + i + 1;
      *out_size = in[i];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Status UseCertificates(SSL_CTX* context, const TlsParameters& parameters) {
  BioPtr bio = ReadBio(parameters.certificate_pem);
  CertificatePtr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return Status(Code::kInvalidArgument, "certificate: no readable PEM block");
  }
  while (X509* issuer = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add_extra_chain_cert(context, issuer);  // takes it
  }
  ERR_clear_error();
  auto key = ReadPrivateKey(parameters.key_pem);
  if (!key) return key.status();
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    return Status(Code::kInvalidArgument, "key: " + TakeOpensslError());
  }
  return {};
}

Status UseAuthorities(SSL_CTX* context, const TlsParameters& parameters, bool server) {
  BioPtr bio = ReadBio(parameters.ca_pem);
  int count = 0;
  while (X509* authority = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
    if (server) SSL_CTX_add_client_CA(context, authority);
    X509_free(authority);
    ++count;
  }
  ERR_clear_error();
  return count ? Status() : Status(Code::kInvalidArgument, "ca: no readable PEM block");
}

}  // namespace

Result<CertificateSubject> SubjectOfCertificate(std::string_view pem) {
  auto certificate = ReadCertificate(pem);
  if (!certificate) return certificate.status();
  return SubjectOf(certificate->get());
}

struct TlsConfig::State {
  ContextPtr context;
  std::vector<std::string> alpn;
  bool verify_host = false;
};

TlsConfig::TlsConfig(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsConfig::~TlsConfig() = default;

Result<std::unique_ptr<TlsConfig::State>> TlsConfig::Common(const TlsParameters& parameters, bool server) {
  auto state = std::make_unique<State>();
  state->alpn = parameters.alpn;
  state->context.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* context = state->context.get();
  CHECK(context != nullptr) << TakeOpensslError();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (server || !parameters.certificate_pem.empty()) {
    if (Status s = UseCertificates(context, parameters); !s.ok()) return s;
  }
  if (!parameters.ca_pem.empty()) {
    if (Status s = UseAuthorities(context, parameters, server); !s.ok()) return s;
  }
  return state;
}

Result<std::shared_ptr<const TlsConfig>> TlsConfig::Server(const TlsParameters& parameters) {
  auto state = Common(parameters, true);
  if (!state) return state.status();
  SSL_CTX* context = (*state)->context.get();
  if (!parameters.ca_pem.empty()) {
    const int must = parameters.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | must, nullptr);
  }
  if (!parameters.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, SelectAlpn, &(*state)->alpn);
  return std::shared_ptr<const TlsConfig>(new TlsConfig(std::move(*state)));
}

Result<std::shared_ptr<const TlsConfig>> TlsConfig::Client(const TlsParameters& parameters) {
  auto state = Common(parameters, false);
  if (!state) return state.status();
  (*state)->verify_host = !parameters.insecure;
  SSL_CTX_set_verify((*state)->context.get(), parameters.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  const std::string alpn = AlpnWire(parameters.alpn);
  if (!alpn.empty()) {
    SSL_CTX_set_alpn_protos((*state)->context.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
  }
  return std::shared_ptr<const TlsConfig>(new TlsConfig(std::move(*state)));
}

struct TlsSession::State {
  SslPtr ssl;
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl
};

TlsSession::TlsSession(std::shared_ptr<const TlsConfig> config, WallTime now)
    : config_(std::move(config)), state_(std::make_unique<State>()) {
  state_->ssl.reset(SSL_new(config_->state_->context.get()));
  CHECK(state_->ssl != nullptr) << TakeOpensslError();
  state_->in = BIO_new(BIO_s_mem());
  state_->out = BIO_new(BIO_s_mem());
  SSL_set_bio(state_->ssl.get(), state_->in, state_->out);
  X509_VERIFY_PARAM_set_time(SSL_get0_param(state_->ssl.get()),
                             std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

TlsSession::~TlsSession() = default;

std::unique_ptr<TlsSession> TlsSession::Server(std::shared_ptr<const TlsConfig> config, WallTime now) {
  std::unique_ptr<TlsSession> session(new TlsSession(std::move(config), now));
  SSL_set_accept_state(session->state_->ssl.get());
  return session;
}

std::unique_ptr<TlsSession> TlsSession::Client(std::shared_ptr<const TlsConfig> config, const std::string& host,
                                               WallTime now) {
  std::unique_ptr<TlsSession> session(new TlsSession(std::move(config), now));
  SSL* ssl = session->state_->ssl.get();
  SSL_set_connect_state(ssl);
  ASN1_OCTET_STRING* ip = a2i_IPADDRESS(host.c_str());
  ERR_clear_error();
  if (!ip) SSL_set_tlsext_host_name(ssl, host.c_str());
  if (session->config_->state_->verify_host) {
    if (ip) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    } else {
      SSL_set1_host(ssl, host.c_str());
    }
  }
  ASN1_OCTET_STRING_free(ip);
  return session;
}

void TlsSession::Feed(std::string_view ciphertext) {
  BIO_write(state_->in, ciphertext.data(), static_cast<int>(ciphertext.size()));
}

Status TlsSession::Fail(const std::string& what) {
  const unsigned long code = ERR_peek_error();
  const long verdict = SSL_get_verify_result(state_->ssl.get());
  if (code && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    ERR_clear_error();
    return status_ = Status(Code::kUnauthenticated,
                            std::string("tls: certificate: ") + X509_verify_cert_error_string(verdict));
  }
  // Alerts about certificates: the peer refused ours (RFC 8446 6.2: 42 to 49 and 116).
  const int reason = code ? ERR_GET_REASON(code) : 0;
  const int alert = reason > SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : 0;
  const bool refused =
      (alert >= 42 && alert <= 49) || alert == 116 || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
  return status_ = Status(refused ? Code::kUnauthenticated : Code::kUnavailable, what + TakeOpensslError());
}

Status TlsSession::Handshake() {
  if (!status_.ok() || established_) return status_;
  ERR_clear_error();
  const int done = SSL_do_handshake(state_->ssl.get());
  if (done == 1) {
    established_ = true;
    return {};
  }
  const int error = SSL_get_error(state_->ssl.get(), done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {};
  return Fail("tls: handshake: ");
}

size_t TlsSession::Read(char* buffer, size_t size) {
  if (!status_.ok() || closed_) return 0;
  ERR_clear_error();
  const int count = SSL_read(state_->ssl.get(), buffer, static_cast<int>(size));
  if (count > 0) return static_cast<size_t>(count);
  const int error = SSL_get_error(state_->ssl.get(), count);
  if (error == SSL_ERROR_ZERO_RETURN) closed_ = true;
  if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) (void)Fail("tls: ");
  return 0;
}

void TlsSession::Write(std::string_view plaintext) {
  if (!status_.ok()) return;
  ERR_clear_error();
  while (!plaintext.empty()) {
    const int size = static_cast<int>(std::min<size_t>(plaintext.size(), 1 << 20));
    const int count = SSL_write(state_->ssl.get(), plaintext.data(), size);
    if (count <= 0) {
      (void)Fail("tls: write: ");
      return;
    }
    plaintext.remove_prefix(static_cast<size_t>(count));
  }
}

void TlsSession::SendCloseNotify() {
  ERR_clear_error();
  if (established_ && status_.ok()) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

std::string_view TlsSession::Output() const {
  char* data = nullptr;
  const long size = BIO_get_mem_data(state_->out, &data);
  return size > 0 ? std::string_view(data, static_cast<size_t>(size)) : std::string_view();
}

void TlsSession::ClearOutput() { (void)BIO_reset(state_->out); }

std::string TlsSession::Alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

bool TlsSession::PeerSubject(CertificateSubject* subject) const {
  const X509* certificate = SSL_get0_peer_certificate(state_->ssl.get());
  if (!certificate || SSL_get_verify_result(state_->ssl.get()) != X509_V_OK) return false;
  if (SSL_get_verify_mode(state_->ssl.get()) == SSL_VERIFY_NONE) return false;
  *subject = SubjectOf(certificate);
  return true;
}

}  // namespace kp::wire
