#include "tests/base/tls_files.h"

#include <cstdio>
#include <memory>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace telltale {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key NewKey() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

void AddExtension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  ASSERT_NE(extension, nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself if there is none.
Certificate NewCertificate(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key, const char* alt_name) {
  static long serial = 0;
  Certificate certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* const signer = issuer != nullptr ? issuer : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  AddExtension(certificate.get(), signer, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (alt_name != nullptr) AddExtension(certificate.get(), signer, NID_subject_alt_name, alt_name);
  EXPECT_NE(X509_sign(certificate.get(), issuer_key, EVP_sha256()), 0);
  return certificate;
}

std::string WriteCertificate(const std::filesystem::path& path, X509* certificate) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  EXPECT_EQ(PEM_write_X509(file, certificate), 1);
  std::fclose(file);
  return path;
}

std::string WriteKey(const std::filesystem::path& path, EVP_PKEY* key) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  EXPECT_EQ(PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  std::fclose(file);
  return path;
}

}  // namespace

TlsFiles::TlsFiles(const std::filesystem::path& folder) {
  const Key ca_key = NewKey();
  const Certificate authority = NewCertificate("authority", ca_key.get(), nullptr, ca_key.get(), nullptr);
  ca = WriteCertificate(folder / "ca.pem", authority.get());
  const auto issue = [&](const char* name, const char* alt_name, std::string& certificate_file, std::string& key_file) {
    const Key key = NewKey();
    const Certificate certificate = NewCertificate(name, key.get(), authority.get(), ca_key.get(), alt_name);
    certificate_file = WriteCertificate(folder / (std::string(name) + ".pem"), certificate.get());
    key_file = WriteKey(folder / (std::string(name) + ".key.pem"), key.get());
  };
  issue("server", "DNS:localhost,IP:127.0.0.1", server_certificate, server_key);
  issue("client", nullptr, client_certificate, client_key);
  const Key other_key = NewKey();
  const Certificate other = NewCertificate("another authority", other_key.get(), nullptr, other_key.get(), nullptr);
  other_ca = WriteCertificate(folder / "other_ca.pem", other.get());
}

}  // namespace telltale
