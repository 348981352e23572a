<%@ include file="report.jspf" %><%@ page import="org.apache.catalina.authenticator.BasicAuthenticator, org.apache.tomcat.util.buf.ByteChunk" %><%
    // HTTP Basic as Tomcat's own authenticator reads it.
    String header = request.getHeader("Authorization");
    Object account = null, password = null;
    if (header != null) {
        byte[] bytes = header.getBytes(StandardCharsets.ISO_8859_1);
        ByteChunk chunk = new ByteChunk();
        chunk.setBytes(bytes, 0, bytes.length);
        try {
            BasicAuthenticator.BasicCredentials given = new BasicAuthenticator.BasicCredentials(chunk, StandardCharsets.UTF_8);
            account = given.getUsername();
            password = given.getPassword();
        } catch (IllegalArgumentException e) {
            account = null;
        }
    }
    report(request, response, "login", account, password);
%>wrong password
