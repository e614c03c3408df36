// A driver for the CMS classes of Bouncy Castle: one request a line, words separated by tabs, one answer a line: "ok" or "error <why>".

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.InputAEADDecryptor;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.Selector;

public class BouncyCastle {
    static final String BC = "BC";

    static byte[] pem(String file) throws Exception {
        String text = Files.readString(Path.of(file));
        String body = text.replaceAll("(?s).*?-----BEGIN [^-]*-----(.*?)-----END.*", "$1");
        return Base64.getMimeDecoder().decode(body);
    }

    static X509Certificate certificate(String file) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", BC).generateCertificate(new ByteArrayInputStream(pem(file)));
    }

    static PrivateKey key(String file) throws Exception {
        byte[] der = pem(file);
        String algorithm = PrivateKeyInfo.getInstance(der).getPrivateKeyAlgorithm().getAlgorithm().getId();
        return KeyFactory.getInstance(algorithm, BC).generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    // sign <signature> <content> <out> <detached> <certificate> <key> <intermediate>
    static void sign(String[] w) throws Exception {
        X509Certificate signer = certificate(w[5]);
        ContentSigner with = new JcaContentSignerBuilder(w[1]).setProvider(BC).build(key(w[6]));
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(
            new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider(BC).build()).build(with, signer));
        generator.addCertificates(new JcaCertStore(Arrays.asList(signer, certificate(w[7]))));
        CMSSignedData signed = generator.generate(new CMSProcessableByteArray(Files.readAllBytes(Path.of(w[2]))), w[4].equals("no"));
        Files.write(Path.of(w[3]), signed.getEncoded("DER"));
    }

    // verify <message> <content or -> <out> <root>
    static void verify(String[] w) throws Exception {
        byte[] message = Files.readAllBytes(Path.of(w[1]));
        CMSSignedData signed = w[2].equals("-")
            ? new CMSSignedData(message)
            : new CMSSignedData(new CMSProcessableByteArray(Files.readAllBytes(Path.of(w[2]))), message);
        X509Certificate root = certificate(w[4]);
        if (signed.getSignerInfos().size() == 0) {
            throw new Exception("no signers");
        }
        for (SignerInformation signer : signed.getSignerInfos().getSigners()) {
            Collection<X509CertificateHolder> found = signed.getCertificates().getMatches((Selector<X509CertificateHolder>) signer.getSID());
            X509CertificateHolder holder = found.iterator().next();
            if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(holder))) {
                throw new Exception("signature does not verify");
            }
            var store = java.security.cert.CertStore.getInstance("Collection",
                new java.security.cert.CollectionCertStoreParameters(chain(signed)), BC);
            var selector = new java.security.cert.X509CertSelector();
            selector.setCertificate(new org.bouncycastle.cert.jcajce.JcaX509CertificateConverter().setProvider(BC).getCertificate(holder));
            var parameters = new java.security.cert.PKIXBuilderParameters(
                java.util.Set.of(new java.security.cert.TrustAnchor(root, null)), selector);
            parameters.addCertStore(store);
            parameters.setRevocationEnabled(false);
            java.security.cert.CertPathBuilder.getInstance("PKIX", BC).build(parameters);
        }
        Files.write(Path.of(w[3]), (byte[]) signed.getSignedContent().getContent());
    }

    static List<X509Certificate> chain(CMSSignedData signed) throws Exception {
        List<X509Certificate> result = new ArrayList<>();
        for (X509CertificateHolder holder : signed.getCertificates().getMatches(null)) {
            result.add(new org.bouncycastle.cert.jcajce.JcaX509CertificateConverter().setProvider(BC).getCertificate(holder));
        }
        return result;
    }

    static OutputEncryptor cipher(String name) throws Exception {
        ASN1ObjectIdentifier oid = switch (name) {
            case "aes-128-gcm" -> CMSAlgorithm.AES128_GCM;
            case "aes-192-gcm" -> CMSAlgorithm.AES192_GCM;
            case "aes-256-gcm" -> CMSAlgorithm.AES256_GCM;
            case "aes-128-ccm" -> CMSAlgorithm.AES128_CCM;
            case "aes-256-ccm" -> CMSAlgorithm.AES256_CCM;
            case "chacha20-poly1305" -> PKCSObjectIdentifiers.id_alg_AEADChaCha20Poly1305;
            case "aes-128-cbc" -> CMSAlgorithm.AES128_CBC;
            case "aes-192-cbc" -> CMSAlgorithm.AES192_CBC;
            case "aes-256-cbc" -> CMSAlgorithm.AES256_CBC;
            case "des-ede3-cbc" -> CMSAlgorithm.DES_EDE3_CBC;
            default -> throw new Exception("no cipher " + name);
        };
        return new JceCMSContentEncryptorBuilder(oid).setProvider(BC).build();
    }

    static void envelope(List<RecipientInfoGenerator> recipients, String cipher, byte[] content, String out) throws Exception {
        CMSTypedData data = new CMSProcessableByteArray(content);
        OutputEncryptor encryptor = cipher(cipher);
        byte[] encoded;
        if (encryptor instanceof OutputAEADEncryptor aead) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            encoded = generator.generate(data, aead).getEncoded();
        } else {
            CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            encoded = generator.generate(data, encryptor).getEncoded();
        }
        Files.write(Path.of(out), encoded);
    }

    static RecipientInfoGenerator recipient(String how, String file, String wrap) throws Exception {
        X509Certificate to = certificate(file);
        if (how.equals("rsa")) {
            return new JceKeyTransRecipientInfoGenerator(to).setProvider(BC);
        }
        if (how.startsWith("rsa-oaep-")) {
            String digest = how.substring(9).toUpperCase().replace("SHA", "SHA-");
            var parameters = new javax.crypto.spec.OAEPParameterSpec(digest, "MGF1",
                new java.security.spec.MGF1ParameterSpec(digest), javax.crypto.spec.PSource.PSpecified.DEFAULT);
            AlgorithmIdentifier oaep = new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, parameters);
            return new JceKeyTransRecipientInfoGenerator(to, oaep).setProvider(BC);
        }
        ASN1ObjectIdentifier scheme = switch (how) {
            case "ecdh-sha1" -> CMSAlgorithm.ECDH_SHA1KDF;
            case "ecdh-sha256" -> CMSAlgorithm.ECDH_SHA256KDF;
            case "ecdh-sha384" -> CMSAlgorithm.ECDH_SHA384KDF;
            case "ecdh-sha512" -> CMSAlgorithm.ECDH_SHA512KDF;
            case "ecdh-cofactor-sha256" -> CMSAlgorithm.ECCDH_SHA256KDF;
            case "ecdh-hkdf-sha256" -> PKCSObjectIdentifiers.id_smime.branch("3.19");
            default -> throw new Exception("no key agreement " + how);
        };
        ASN1ObjectIdentifier wrapping = wrap.equals("128") ? CMSAlgorithm.AES128_WRAP : CMSAlgorithm.AES256_WRAP;
        // the originator's key is ephemeral; this pair only says which curve
        String kind = to.getPublicKey().getAlgorithm();
        java.security.KeyPairGenerator pairs = java.security.KeyPairGenerator.getInstance(kind.equals("ECDSA") ? "EC" : kind, BC);
        if (to.getPublicKey() instanceof java.security.interfaces.ECPublicKey ec) {
            pairs.initialize(ec.getParams());
        }
        java.security.KeyPair pair = pairs.generateKeyPair();
        return new JceKeyAgreeRecipientInfoGenerator(scheme, pair.getPrivate(), pair.getPublic(), wrapping).addRecipient(to).setProvider(BC);
    }

    // encrypt <cipher> <content> <out> (<how> <wrap> <certificate>)...
    static void encrypt(String[] w) throws Exception {
        List<RecipientInfoGenerator> recipients = new ArrayList<>();
        for (int i = 4; i < w.length; i += 3) {
            recipients.add(recipient(w[i], w[i + 2], w[i + 1]));
        }
        envelope(recipients, w[1], Files.readAllBytes(Path.of(w[2])), w[3]);
    }

    // AuthEnvelopedData has ready recipients for key transport only in these versions: the others open the key and leave the rest to us
    static RecipientOperator aead(java.security.Key key, AlgorithmIdentifier algorithm) throws CMSException {
        try {
            Cipher cipher = Cipher.getInstance(algorithm.getAlgorithm().getId(), BC);
            AlgorithmParameters parameters = AlgorithmParameters.getInstance(algorithm.getAlgorithm().getId(), BC);
            parameters.init(algorithm.getParameters().toASN1Primitive().getEncoded());
            cipher.init(Cipher.DECRYPT_MODE, key, parameters);
            return new RecipientOperator(new InputAEADDecryptor() {
                public AlgorithmIdentifier getAlgorithmIdentifier() {
                    return algorithm;
                }

                public InputStream getInputStream(InputStream data) {
                    return new org.bouncycastle.jcajce.io.CipherInputStream(data, cipher);
                }

                public OutputStream getAADStream() {
                    return new OutputStream() {
                        public void write(int octet) {
                            cipher.updateAAD(new byte[] {(byte) octet});
                        }
                    };
                }

                public byte[] getMAC() {
                    throw new UnsupportedOperationException();
                }
            });
        } catch (Exception error) {
            throw new CMSException(error.getMessage(), error);
        }
    }

    static class AgreeAEAD extends JceKeyAgreeRecipient {
        AgreeAEAD(PrivateKey key) {
            super(key);
        }

        public RecipientOperator getRecipientOperator(AlgorithmIdentifier keys, AlgorithmIdentifier content, SubjectPublicKeyInfo sender,
                ASN1OctetString ukm, byte[] encrypted) throws CMSException {
            return aead(extractSecretKey(keys, content, sender, ukm, encrypted), content);
        }
    }

    static class PasswordAEAD extends JcePasswordEnvelopedRecipient {
        PasswordAEAD(char[] password) {
            super(password);
        }

        public RecipientOperator getRecipientOperator(AlgorithmIdentifier keys, AlgorithmIdentifier content, byte[] derived, byte[] encrypted)
                throws CMSException {
            return aead(extractSecretKey(keys, content, derived, encrypted), content);
        }
    }

    static class KekAEAD extends JceKEKRecipient {
        KekAEAD(SecretKey key) {
            super(key);
        }

        public RecipientOperator getRecipientOperator(AlgorithmIdentifier keys, AlgorithmIdentifier content, byte[] encrypted)
                throws CMSException {
            return aead(extractSecretKey(keys, content, encrypted), content);
        }
    }

    static RecipientInformationStore recipients(byte[] message) throws Exception {
        ASN1ObjectIdentifier type = org.bouncycastle.asn1.cms.ContentInfo.getInstance(message).getContentType();
        return type.equals(CMSObjectIdentifiers.authEnvelopedData)
            ? new CMSAuthEnvelopedData(message).getRecipientInfos()
            : new CMSEnvelopedData(message).getRecipientInfos();
    }

    static Recipient opener(RecipientInformation info, PrivateKey key, boolean aead) {
        if (info instanceof KeyAgreeRecipientInformation) {
                return aead ? new AgreeAEAD(key).setProvider(BC) : new JceKeyAgreeEnvelopedRecipient(key).setProvider(BC);
        }
        return aead ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider(BC) : new JceKeyTransEnvelopedRecipient(key).setProvider(BC);
    }

    // decrypt <message> <out> <certificate> <key>
    static void decrypt(String[] w) throws Exception {
        byte[] message = Files.readAllBytes(Path.of(w[1]));
        X509Certificate certificate = certificate(w[3]);
        PrivateKey key = key(w[4]);
        boolean aead = org.bouncycastle.asn1.cms.ContentInfo.getInstance(message).getContentType().equals(CMSObjectIdentifiers.authEnvelopedData);
        X509CertificateHolder holder = new org.bouncycastle.cert.jcajce.JcaX509CertificateHolder(certificate);
        for (RecipientInformation info : recipients(message)) {
            if (info.getRID() instanceof Selector<?> && ((Selector<Object>) (Selector<?>) info.getRID()).match(holder)) {
                Files.write(Path.of(w[2]), info.getContent(opener(info, key, aead)));
                return;
            }
        }
        throw new Exception("no such recipient");
    }

    // attributes-encrypt <cipher> <content> <out> <how> <wrap> <certificate> <text>: AuthEnvelopedData with authenticated attributes
    static void attributesEncrypt(String[] w) throws Exception {
        CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(recipient(w[4], w[6], w[5]));
        var attributes = new org.bouncycastle.asn1.ASN1EncodableVector();
        attributes.add(new org.bouncycastle.asn1.cms.Attribute(org.bouncycastle.asn1.cms.CMSAttributes.contentType,
            new org.bouncycastle.asn1.DERSet(CMSObjectIdentifiers.data)));
        attributes.add(new org.bouncycastle.asn1.cms.Attribute(new ASN1ObjectIdentifier("1.2.3.4.5"),
            new org.bouncycastle.asn1.DERSet(new org.bouncycastle.asn1.DERUTF8String(w[7]))));
        generator.setAuthenticatedAttributeGenerator(
            new SimpleAttributeTableGenerator(new org.bouncycastle.asn1.cms.AttributeTable(attributes)));
        CMSTypedData data = new CMSProcessableByteArray(Files.readAllBytes(Path.of(w[2])));
        Files.write(Path.of(w[3]), generator.generate(data, (OutputAEADEncryptor) cipher(w[1])).getEncoded());
    }

    // authenticate <content> <out> (<how> <wrap> <certificate>)...
    static void authenticate(String[] w) throws Exception {
        CMSAuthenticatedDataGenerator generator = new CMSAuthenticatedDataGenerator();
        for (int i = 3; i < w.length; i += 3) {
            generator.addRecipientInfoGenerator(recipient(w[i], w[i + 2], w[i + 1]));
        }
        var mac = new JceCMSMacCalculatorBuilder(PKCSObjectIdentifiers.id_hmacWithSHA256, 256).setProvider(BC).build();
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider(BC).build();
        var sha256 = new AlgorithmIdentifier(org.bouncycastle.asn1.nist.NISTObjectIdentifiers.id_sha256);
        CMSAuthenticatedData data = generator.generate(
            new CMSProcessableByteArray(Files.readAllBytes(Path.of(w[1]))), mac, digests.get(sha256));
        Files.write(Path.of(w[2]), data.getEncoded());
    }

    // check-mac <message> <out> <certificate> <key>
    static void checkMac(String[] w) throws Exception {
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider(BC).build();
        CMSAuthenticatedData data = new CMSAuthenticatedData(Files.readAllBytes(Path.of(w[1])), digests);
        X509CertificateHolder holder = new org.bouncycastle.cert.jcajce.JcaX509CertificateHolder(certificate(w[3]));
        for (RecipientInformation info : data.getRecipientInfos()) {
            if (((Selector<Object>) (Selector<?>) info.getRID()).match(holder)) {
                Recipient opener = info instanceof KeyAgreeRecipientInformation
                    ? new JceKeyAgreeAuthenticatedRecipient(key(w[4])).setProvider(BC)
                    : new JceKeyTransAuthenticatedRecipient(key(w[4])).setProvider(BC);
                byte[] content = info.getContent(opener);
                if (!Arrays.equals(info.getMac(), data.getMac())) {
                    throw new Exception("the MAC is wrong");
                }
                if (data.getAuthAttrs() != null && !Arrays.equals(data.getContentDigest(), info.getContentDigest())) {
                    throw new Exception("the digest is wrong");
                }
                Files.write(Path.of(w[2]), content);
                return;
            }
        }
        throw new Exception("no such recipient");
    }

    // password-encrypt <cipher> <content> <out> <password>
    static void passwordEncrypt(String[] w) throws Exception {
        RecipientInfoGenerator to = new JcePasswordRecipientInfoGenerator(CMSAlgorithm.AES256_CBC, w[4].toCharArray())
            .setProvider(BC).setPRF(PasswordRecipient.PRF.HMacSHA256);
        envelope(List.of(to), w[1], Files.readAllBytes(Path.of(w[2])), w[3]);
    }

    // password-decrypt <message> <out> <password>
    static void passwordDecrypt(String[] w) throws Exception {
        byte[] message = Files.readAllBytes(Path.of(w[1]));
        boolean aead = org.bouncycastle.asn1.cms.ContentInfo.getInstance(message).getContentType().equals(CMSObjectIdentifiers.authEnvelopedData);
        for (RecipientInformation info : recipients(message)) {
            if (info instanceof PasswordRecipientInformation) {
                Recipient opener = aead
                    ? new PasswordAEAD(w[3].toCharArray()).setProvider(BC)
                    : new JcePasswordEnvelopedRecipient(w[3].toCharArray()).setProvider(BC);
                Files.write(Path.of(w[2]), info.getContent(opener));
                return;
            }
        }
        throw new Exception("no password recipient");
    }

    static SecretKey secret(String hex) {
        return new SecretKeySpec(java.util.HexFormat.of().parseHex(hex), "AES");
    }

    // kek-encrypt <cipher> <content> <out> <key, hex> <key id, hex>
    static void kekEncrypt(String[] w) throws Exception {
        RecipientInfoGenerator to = new JceKEKRecipientInfoGenerator(java.util.HexFormat.of().parseHex(w[5]), secret(w[4])).setProvider(BC);
        envelope(List.of(to), w[1], Files.readAllBytes(Path.of(w[2])), w[3]);
    }

    // kek-decrypt <message> <out> <key, hex>
    static void kekDecrypt(String[] w) throws Exception {
        byte[] message = Files.readAllBytes(Path.of(w[1]));
        boolean aead = org.bouncycastle.asn1.cms.ContentInfo.getInstance(message).getContentType().equals(CMSObjectIdentifiers.authEnvelopedData);
        for (RecipientInformation info : recipients(message)) {
            if (info instanceof KEKRecipientInformation) {
                Recipient opener = aead
                    ? new KekAEAD(secret(w[3])).setProvider(BC)
                    : new JceKEKEnvelopedRecipient(secret(w[3])).setProvider(BC);
                Files.write(Path.of(w[2]), info.getContent(opener));
                return;
            }
        }
        throw new Exception("no KEK recipient");
    }

    // compress <content> <out>, uncompress <message> <out>
    static void compress(String[] w) throws Exception {
        CMSCompressedData data = new CMSCompressedDataGenerator().generate(
            new CMSProcessableByteArray(Files.readAllBytes(Path.of(w[1]))), new org.bouncycastle.cms.jcajce.ZlibCompressor());
        Files.write(Path.of(w[2]), data.getEncoded());
    }

    static void uncompress(String[] w) throws Exception {
        CMSCompressedData data = new CMSCompressedData(Files.readAllBytes(Path.of(w[1])));
        Files.write(Path.of(w[2]), data.getContent(new org.bouncycastle.cms.jcajce.ZlibExpanderProvider()));
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = requests.readLine()) != null; ) {
            String[] words = line.split("\t", -1);
            String answer = "ok";
            try {
                switch (words[0]) {
                    case "version" -> answer = "ok " + Security.getProvider(BC).getVersionStr();
                    case "sign" -> sign(words);
                    case "verify" -> verify(words);
                    case "encrypt" -> encrypt(words);
                    case "decrypt" -> decrypt(words);
                    case "attributes-encrypt" -> attributesEncrypt(words);
                    case "authenticate" -> authenticate(words);
                    case "check-mac" -> checkMac(words);
                    case "password-encrypt" -> passwordEncrypt(words);
                    case "password-decrypt" -> passwordDecrypt(words);
                    case "kek-encrypt" -> kekEncrypt(words);
                    case "kek-decrypt" -> kekDecrypt(words);
                    case "compress" -> compress(words);
                    case "uncompress" -> uncompress(words);
                    default -> answer = "error no such request";
                }
            } catch (Throwable error) {
                StringBuilder why = new StringBuilder("error");
                for (Throwable at = error; at != null; at = at.getCause()) {
                    why.append(' ').append(at.getClass().getSimpleName()).append(": ").append(at.getMessage());
                }
                answer = why.toString().replaceAll("\\s+", " ");
            }
            System.out.println(answer);
            System.out.flush();
        }
    }
}
