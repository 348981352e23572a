<%@ include file="report.jspf" %><%@ page import="com.fasterxml.jackson.databind.ObjectMapper" %><%
    // getParameter: query and form in one, the query first; JSON by type, as
    // Jackson reads it.
    // UTF-8, as Spring's filter sets it; Tomcat's own default is Latin-1.
    request.setCharacterEncoding("UTF-8");
    Object account = null, password = null;
    String type = request.getContentType();
    if (type != null && type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
        try {
            Map<String, Object> data = new ObjectMapper().readValue(request.getReader(), Map.class);
            account = data.get("user");
            password = data.get("pass");
        } catch (Exception | Error e) {
            account = null;
        }
    } else {
        account = request.getParameter("user");
        password = request.getParameter("pass");
    }
    report(request, response, "login", account, password);
%>wrong password
